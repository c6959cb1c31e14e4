"""Cartwake's account: its password, and its rights, given by an administrator or printed for one."""

import secrets
import string
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pymysql.err

from binlog_watcher.commands.grants import grants
from binlog_watcher.commands.init.answers import Answers
from binlog_watcher.commands.init.dialogue import tell
from binlog_watcher.commands.init.looking import Admin
from binlog_watcher.commands.init.questions import ACCOUNT
from binlog_watcher.commands.terminal import out
from binlog_watcher.doctor.preflight import connect
from binlog_watcher.errors import CartwakeError, ConfigError, DatabaseUnavailableError
from binlog_watcher.settings.settings import Settings

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

_ALPHABET = string.ascii_letters + string.digits + "-_.+"
_LENGTH = 32
_EXISTS = 1396


def random_password() -> str:
    """One that MySQL's rules for passwords take, and that no file nor shell needs quotes for."""
    while True:
        password = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        if all(
            set(password) & set(kind)
            for kind in (string.ascii_lowercase, string.ascii_uppercase, "-_.+", string.digits)
        ):
            return password


def settle_password(answers: Answers, admin: Admin) -> None:
    """A random one for an account that is to be made, else that with which it lets us in."""
    there = bool(admin.name) and _is_there(answers, admin)
    while True:
        if not answers.ask(ACCOUNT[1]) and not there:
            answers.known["MYSQL_PASSWORD"] = random_password()
        if not there or _lets_in(answers):
            return
        answers.dialogue.complain(
            f"the account {answers.known['MYSQL_USER']} is there already, with another password: give "
            "MYSQL_PASSWORD in the environment, or another MYSQL_USER"
        )
        del answers.known["MYSQL_PASSWORD"]


def _is_there(answers: Answers, admin: Admin) -> bool:
    """Whether there is such an account, if the administrator may look."""
    with closing(connect(answers.login(admin.name, admin.password))) as session, session.cursor() as cursor:
        try:
            cursor.execute(
                "SELECT 1 FROM mysql.user WHERE user = %s AND host = '%%'", (answers.known["MYSQL_USER"],)
            )
        except pymysql.err.MySQLError:
            return False
        return bool(cursor.fetchone())


def _lets_in(answers: Answers) -> bool:
    try:
        connect(answers.login()).close()
    except ConfigError:
        return False
    return True


def kept_out(settings: Settings) -> str | None:
    """Why the account can't reach the database; None: it can."""
    try:
        connect(settings.connection).close()
    except (ConfigError, DatabaseUnavailableError) as error:
        return str(error)
    return None


def show_statements(settings: Settings) -> None:
    """Those that `cartwake grants` prints."""
    tell("The account needs these rights, and no more:")
    for statement in grants(settings).statements():
        out.print(f"  {statement}", highlight=False, markup=False, soft_wrap=True)


def give_rights(settings: Settings, admin: Admin) -> None:
    """Make the account, if it is not there, and give it its rights; says what was done.

    Raises CartwakeError with the server's words: those before are given, and all of it may be done again.
    """
    needed = grants(settings)
    connection = replace(settings.connection, user=admin.name, password=admin.password, database="")
    with closing(connect(connection)) as session:
        _run(session, "SET SESSION sql_mode = ''")  # so that a backslash in quotes is what we take it for
        made = _make(session, needed.creation(settings.mysql_password.get_secret_value()))
        tell(f"{needed.account} {'was made' if made else 'was there already'}.")
        for statement in needed.statements():
            _run(session, statement)
    tell(f"It has its rights now: {len(needed.statements())} statements were run.")


def _make(session: "Connection[Cursor]", creation: str) -> bool:
    """Whether it was made; else it was there."""
    try:
        _run(session, creation, shown="CREATE USER")
    except CartwakeError as error:
        if error.__cause__ and error.__cause__.args[:1] == (_EXISTS,):
            return False
        raise
    return True


def _run(session: "Connection[Cursor]", statement: str, *, shown: str | None = None) -> None:
    try:
        with session.cursor() as cursor:
            cursor.execute(statement)
    except pymysql.err.MySQLError as error:
        raise CartwakeError(
            f"the server refuses “{shown or statement}”: {error.args[-1]}; the administrator needs CREATE USER and "
            "WITH GRANT OPTION; the file is written: `cartwake grants --create` prints all of them for another one"
        ) from error
