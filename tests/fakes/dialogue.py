"""Somebody who answers a command's questions in turn, and remembers what was asked and complained of."""

from collections.abc import Sequence


class Script:
    """``answers``: what is said to each question, "" for Enter; a choice is given by its number from 0, as text."""

    asks = True

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []
        self.complaints: list[str] = []

    def _next(self, text: str) -> str:
        self.asked.append(text)
        assert self._answers, f"nobody expected to be asked {text!r} after {self.asked}"
        return self._answers.pop(0)

    def ask(self, text: str, default: str = "", *, hidden: bool = False) -> str:
        return self._next(f"{text} [{'hidden' if hidden else default}]") or default

    def choose(self, text: str, choices: Sequence[str]) -> int:
        return int(self._next(f"{text}: {' | '.join(choices)}") or 0)

    def agree(self, text: str) -> bool:
        return self._next(text) != "n"

    def complain(self, what: str) -> None:
        self.complaints.append(what)

    @property
    def all_said(self) -> bool:
        return not self._answers
