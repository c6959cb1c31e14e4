"""Playing with the demo's shop by hand: a script that runs SQL, settings for `cartwake run`, and the instructions."""

import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pymysql
from rich.console import Console
from rich.table import Table
from rich.text import Text

_SCRIPT = """#!/bin/sh
# Runs SQL in the demo's shop while `cartwake demo --serve` is up:  {name} "SELECT * FROM cart"
exec {python} -m binlog_watcher.demo.by_hand {arguments} "$@"
"""

_INSTRUCTIONS = """
Add to a cart by hand, from another terminal:
  {sql} "INSERT INTO cart (user_id, product_id)
    VALUES (1, 1), (1, 16)"
User 1 is Ada Lovelace, product 1 a laptop, 16 a mouse. Leave the cart alone
for {seconds} seconds and the mail comes (the next one to the same address waits for
the cool-down); or order in time, and none comes:
  {sql} "INSERT INTO orders (user_id, total_amount)
    VALUES (1, 1323.99)"
Look around:
  {sql} "SELECT id, name, price FROM products LIMIT 20"
  {sql} "SELECT id, user_id, status, reason, cart_total
    FROM cart_abandonment_log"
With any other client: host 127.0.0.1, port {port}, database {database}, user root,
password {password}
Mails land in {mails}
"""

_ANOTHER = """Run a Cartwake of your own against this shop, beside the one that runs already
(no cart gets two mails):
  (set -a; . {env}; {cartwake} run)
"""


def write_script(path: Path, *, port: int, password: str, database: str) -> None:
    """Write an executable script that runs its arguments as SQL statements, or those of its standard input."""
    arguments = f"{port} {shlex.quote(password)} {shlex.quote(database)}"
    text = _SCRIPT.format(name=path.name, python=shlex.quote(sys.executable), arguments=arguments)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o700)


def write_settings(path: Path, settings: Mapping[str, str]) -> None:
    """Write settings as a file that works as Cartwake's ``.env`` and in a shell (``set -a; . FILE``)."""
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in settings.items()]
    path.write_text("".join(lines), encoding="utf-8")
    path.chmod(0o600)


def instructions(folder: Path, *, port: int, password: str, database: str, threshold: float) -> str:
    """What `--serve` prints: how to add to a cart, where the mail lands, how to reach the server otherwise."""
    return _INSTRUCTIONS.format(
        sql=shlex.quote(_relative(folder / "sql")),
        mails=_relative(folder / "mails"),
        port=port,
        password=password,
        database=database,
        seconds=f"{threshold:g}",
    )


def another(folder: Path) -> str:
    """How to run a second Cartwake against the shop.

    Not while the simulated shoppers act: one that starts in the middle knows their carts by ``created_at``
    only, which has whole seconds, and so mails up to a second earlier than they expect.
    """
    return _ANOTHER.format(
        env=shlex.quote(_relative(folder / "demo.env")),
        cartwake=shlex.quote(_relative(Path(sys.executable).with_name("cartwake"))),
    )


def _relative(path: Path) -> str:
    """The path as one would type it here."""
    here = os.path.relpath(path)
    return str(path) if here.startswith("..") else here


def run(port: int, password: str, database: str, statements: Iterable[str], console: Console) -> int:
    """Run statements in autocommit mode and print what they give; returns the exit code."""
    try:
        connection = pymysql.connect(
            host="127.0.0.1", port=port, user="root", password=password, database=database, autocommit=True
        )
    except pymysql.MySQLError as error:
        console.print(
            f"The demo's shop does not answer ({error.args[-1]}): is `cartwake demo --serve` running?"
        )
        return 69
    with connection, connection.cursor() as cursor:
        for statement in statements:
            try:
                count = cursor.execute(statement)
            except pymysql.MySQLError as error:
                console.print(Text(str(error.args[-1]), style="red"))
                return 1
            _print_result(console, cursor, count)
    return 0


def _print_result(console: Console, cursor: Any, count: int) -> None:
    if cursor.description is None:
        console.print(f"ok, {count} rows")
        return
    table = Table()
    for column in cursor.description:
        table.add_column(Text(str(column[0])))
    for row in cursor.fetchall():
        table.add_row(*(Text("NULL", style="dim") if cell is None else Text(str(cell)) for cell in row))
    console.print(table)


def main(arguments: list[str]) -> int:
    """The script's entry: port, password, database, then statements; without any, lines of standard input."""
    port, password, database, *statements = arguments
    lines = statements or (text for line in sys.stdin if (text := line.strip().rstrip(";")))
    return run(int(port), password, database, lines, Console())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
