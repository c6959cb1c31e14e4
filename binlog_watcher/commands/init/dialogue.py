"""Asking: in a terminal, or not at all."""

import getpass
from collections.abc import Sequence
from typing import Protocol

import typer

from binlog_watcher.commands.terminal import out
from binlog_watcher.errors import ConfigError

NOTHING = "-"
"""What is typed for an empty answer where Enter would take another one."""


class Dialogue(Protocol):
    """Who answers. ``asks``: whether somebody does, so that it is of use to ask again."""

    asks: bool

    def ask(self, text: str, default: str = "", *, hidden: bool = False) -> str:
        """An answer; ``default`` for none. What is ``hidden`` is not shown, nor is its default."""

    def choose(self, text: str, choices: Sequence[str]) -> int:
        """Which of the choices, from 0; the first is the default."""

    def agree(self, text: str) -> bool:
        """Yes, which is the default, or no."""

    def complain(self, what: str) -> None:
        """Say what is wrong with an answer, before it is asked for again. Raises ConfigError where nobody answers."""


def tell(text: str = "") -> None:
    """A line for people, broken between words."""
    out.print(text, highlight=False, markup=False)


def begin(heading: str) -> None:
    """A new part of the dialogue."""
    out.print(f"\n[bold]{heading}[/bold]", highlight=False)


class Terminal:
    """Asks in the terminal. Ctrl-C and Ctrl-D end the command."""

    asks = True

    def ask(self, text: str, default: str = "", *, hidden: bool = False) -> str:
        """See ``Dialogue``."""
        if hidden:
            return getpass.getpass(f"{text}, not shown: ") or default
        return _typed(f"{text}{f' [{default}]' if default else ''}: ") or default

    def choose(self, text: str, choices: Sequence[str]) -> int:
        """See ``Dialogue``."""
        for number, choice in enumerate(choices, 1):
            tell(f"  {number}  {choice}")
        while True:
            answer = self.ask(f"{text}?", "1")
            if answer.isdecimal() and 1 <= int(answer) <= len(choices):
                return int(answer) - 1
            self.complain(f"give a number from 1 to {len(choices)}")

    def agree(self, text: str) -> bool:
        """See ``Dialogue``."""
        while True:
            answer = _typed(f"{text}? [Y/n]: ").lower()
            if answer in {"", "y", "yes", "n", "no"}:
                return answer[:1] != "n"
            self.complain("give y or n")

    def complain(self, what: str) -> None:
        """See ``Dialogue``."""
        tell(f"✗ {what}")


class Unattended:
    """Takes what was given, and the defaults."""

    asks = False

    def ask(self, text: str, default: str = "", *, hidden: bool = False) -> str:  # noqa: ARG002 - nobody is asked
        """See ``Dialogue``."""
        return default

    def choose(self, text: str, choices: Sequence[str]) -> int:  # noqa: ARG002 - same
        """See ``Dialogue``."""
        return 0

    def agree(self, text: str) -> bool:  # noqa: ARG002 - same
        """See ``Dialogue``."""
        return True

    def complain(self, what: str) -> None:
        """See ``Dialogue``."""
        raise ConfigError(what)


def _typed(prompt: str) -> str:
    try:
        return input(prompt).strip()
    except EOFError:
        raise typer.Abort from None
