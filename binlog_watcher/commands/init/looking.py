"""Reaching the shop's MySQL, and who looks at its tables: an administrator, or Cartwake's account if it may already."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from binlog_watcher.commands.init.answers import Answers, Question
from binlog_watcher.commands.init.dialogue import tell
from binlog_watcher.commands.init.questions import ACCOUNT, DATABASE, SERVER
from binlog_watcher.doctor.preflight import connect
from binlog_watcher.doctor.recognition import databases
from binlog_watcher.errors import ConfigError, DatabaseUnavailableError

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

_ONLY_LOCALLY = 1698
"""A login that goes by the system's user, through the server's socket: Debian's and Ubuntu's root."""


@dataclass(frozen=True, slots=True)
class Admin:
    """Who may make accounts. An empty name: nobody was named."""

    name: str = ""
    password: str = ""


def reach(answers: Answers, admin: Admin | None) -> tuple["Connection[Cursor] | None", Admin]:
    """A session that looks at the tables, and the administrator, asked for where ``admin`` is None.

    No session: Cartwake's account is not there yet, and nobody else was named.
    """
    _find_server(answers)
    answers.ask(ACCOUNT[0])
    if admin is None:
        tell(
            "An administrator can look at the tables, and make the account once you have seen the statements. "
            "Without one they are only printed."
        )
    while True:
        named = _admin(answers) if admin is None else admin
        if not named.name:
            return _own_session(answers), named
        try:
            return connect(answers.login(named.name, named.password)), named
        except ConfigError as error:
            answers.dialogue.complain(_refused(named.name, error))
            admin = None


def ask_database(answers: Answers, session: "Connection[Cursor] | None", *, sees_all: bool) -> None:
    """Which database is the shop's; the only one is the default. ``sees_all``: what the session does not see is not."""
    there = databases(session) if session else []
    question = DATABASE
    if there:
        listed = ", ".join(there[:6]) + (" …" if there[6:] else "")
        only = there[0] if len(there) == 1 else ""
        question = Question(
            DATABASE.name, f"{DATABASE.text}: {listed}" if there[1:] else DATABASE.text, lambda _: only
        )
    while answers.ask(question) not in there and sees_all:
        name = answers.known[DATABASE.name]
        seen = ", ".join(there) or "none"
        answers.dialogue.complain(f"there is no database {name!r} that this login sees; it sees {seen}")
        del answers.known[DATABASE.name]


def _find_server(answers: Answers) -> None:
    """Ask until something answers there; whom it lets in comes later."""
    while True:
        for question in SERVER:
            answers.ask(question)
        try:
            connect(answers.login("cartwake")).close()
        except DatabaseUnavailableError as error:
            if not answers.dialogue.asks:
                raise
            answers.dialogue.complain(str(error))
            for question in SERVER:
                answers.known.pop(question.name, None)
        except ConfigError:
            return  # it answered
        else:
            return


def _admin(answers: Answers) -> Admin:
    name = answers.dialogue.ask("Administrator's login (Enter: none)")
    return Admin(name, answers.dialogue.ask("Its password", hidden=True) if name else "")


def _own_session(answers: Answers) -> "Connection[Cursor] | None":
    """Cartwake's account, if it may log in; a wrong password is asked for again."""
    while True:
        password = answers.ask(ACCOUNT[1])
        if not password:
            return None
        try:
            return connect(answers.login())
        except ConfigError as error:
            name = answers.known["MYSQL_USER"]
            tell(f"✗ {_cause(error)}")
            if not answers.dialogue.asks:
                return None
            ways = [f"{name} is not there yet, or may not log in yet: go on", "give another password"]
            if answers.dialogue.choose("Which", ways) == 0:
                return None
            del answers.known["MYSQL_PASSWORD"]


def _refused(name: str, error: ConfigError) -> str:
    code = error.__cause__.args[0] if error.__cause__ and error.__cause__.args else None
    if code == _ONLY_LOCALLY:
        return (
            f"{_cause(error)}: {name} logs in on the server's own machine without a password; name nobody here, and "
            "run the statements that are printed there by: sudo mysql"
        )
    return f"{_cause(error)}; check the login and its password (CARTWAKE_ADMIN_PASSWORD)"


def _cause(error: ConfigError) -> str:
    """The server's words."""
    cause = error.__cause__
    return str(cause.args[1]) if cause is not None and len(cause.args) > 1 else str(error)
