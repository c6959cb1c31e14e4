"""The settings as they come together: given beforehand, asked for, or the defaults."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from binlog_watcher.commands.init.dialogue import NOTHING, Dialogue
from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.settings.env import SECRET_NAMES
from binlog_watcher.settings.load import complaint, load_settings
from binlog_watcher.settings.mistakes import REQUIRED
from binlog_watcher.settings.settings import Settings

Known = Mapping[str, str]


def _none(_: Known) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for a setting. ``default``: made of the answers before.

    ``if_empty``: what it means to leave it empty; empty itself: that can't be.
    """

    name: str
    text: str
    default: Callable[[Known], str] = _none
    if_empty: str = ""

    def shown(self, default: str) -> str:
        """With what Enter does, where the default in brackets does not tell."""
        means = self.if_empty
        if default:  # it stands in brackets, unless it is a secret
            means = "the one before" if self.name in SECRET_NAMES else ""
        return f"{self.text}{f' (Enter: {means})' if means else ''}"


@dataclass(slots=True)
class Answers:
    """``known``: what is sure; ``before``: what the file said, which is proposed again."""

    dialogue: Dialogue
    known: dict[str, str] = field(default_factory=dict)
    before: Known = field(default_factory=dict)

    def ask(self, question: Question) -> str:
        """The answer, once it is a valid one; what is known is not asked for."""
        name = question.name
        if name in self.known:
            return self.known[name]
        default = self.before.get(name) or question.default(self.known)
        while True:
            hidden = name in SECRET_NAMES
            text = self.dialogue.ask(question.shown(default), default, hidden=hidden)
            if text == NOTHING and question.if_empty:
                text = ""
            if wrong := self._wrong(question, text):
                self.dialogue.complain(f"{name}: {wrong}")
                continue
            self.known[name] = text
            return text

    def _wrong(self, question: Question, text: str) -> str | None:
        if text:
            return complaint(question.name, self.known | {question.name: text})
        return None if question.if_empty else f"give {REQUIRED['mail'].get(question.name, 'it')}"

    def settings(self) -> Settings:
        """As far as they are known. Raises ConfigError for those that don't go together."""
        return load_settings(
            None, need="mysql", environ={"MYSQL_USER": "?", "MYSQL_DATABASE": "?"} | self.known
        )

    def connection(self) -> ConnectionSettings:
        """As Cartwake's account reaches the shop's database."""
        return self.settings().connection

    def login(self, user: str | None = None, password: str = "") -> ConnectionSettings:
        """As that account, or as ``user``, logs in, without a database: there may be none that it sees."""
        own = replace(self.connection(), database="")
        return own if user is None else replace(own, user=user, password=password)


def insist_on_needed(questions: Iterable[Question], known: Known) -> None:
    """Raises ConfigError with all that somebody must give, where nobody is asked."""
    lacking = []
    answered = dict(known)
    for question in questions:
        if question.name not in answered:
            default = question.default(answered)
            answered[question.name] = default or "?"
            if not (default or question.if_empty):
                lacking.append(question)
    if lacking:
        raise ConfigError(
            *(f"{one.name} is not set: give {REQUIRED['mail'].get(one.name, 'it')}" for one in lacking),
            "give them as NAME=VALUE behind `cartwake init`, or in the environment; without --yes they are asked for",
        )


def insist_on_valid(known: Known) -> None:
    """Raises ConfigError with all that is wrong with what was given beforehand."""
    problems = [f"{name}: {wrong}" for name in known if (wrong := complaint(name, known))]
    if problems:
        raise ConfigError(*problems)
