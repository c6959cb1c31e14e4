"""The rights that an account needs, and nothing more: GRANT statements, and what an account lacks of them. Pure.

``cartwake grants`` prints the statements; ``demo/account.sql`` has those of the sample shop.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

FOLLOW = "REPLICATION SLAVE, REPLICATION CLIENT"
"""To read the binlog. MariaDB takes the second for its BINLOG MONITOR."""

OWN_TABLES = {
    "cart_abandonment_log": "SELECT, INSERT, UPDATE, CREATE, ALTER",
    "cart_abandonment_recipient": "SELECT, INSERT, UPDATE, CREATE, ALTER",
    "cart_abandonment_meta": "SELECT, INSERT, UPDATE, CREATE, ALTER",
    "cart_abandonment_cart": "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER",
    "cart_abandonment_click": "SELECT, INSERT, DELETE, CREATE, ALTER",
    "cart_abandonment_returned": "SELECT, INSERT, UPDATE, CREATE, ALTER",
    "cart_abandonment_webhook": "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER",
}
"""Each with the rights that it needs: notes on carts are deleted when they are old, visits when somebody is erased."""

GROUP_TABLES = {
    "cart_abandonment_mark": "SELECT, INSERT, UPDATE, CREATE",
    "cart_abandonment_clock": "SELECT, INSERT, UPDATE, CREATE",
}
"""Of instances that read from Kafka; made where one of them starts."""

OWN_VIEWS = (
    "cart_abandonment_daily", "cart_abandonment_mails_daily", "cart_abandonment_tiers", "cart_abandonment_orders",
    "cart_abandonment_carts", "cart_abandonment_bought", "cart_abandonment_recovered", "cart_abandonment_left_again",
    "cart_abandonment_lost",
)  # fmt: skip

VIEW = "SELECT, CREATE, CREATE VIEW, DROP"
"""DROP is what replacing a view asks for; without CREATE nothing can be granted on what is not there yet."""

HELP = "`cartwake grants` prints the statements that give it all it needs"

FAR_REACHING = (
    "ALL PRIVILEGES", "SUPER", "INSERT", "UPDATE", "DELETE", "DROP", "CREATE", "ALTER", "TRIGGER", "EXECUTE", "FILE",
    "SHUTDOWN", "CREATE USER", "SYSTEM_USER", "SYSTEM_VARIABLES_ADMIN", "BINLOG_ADMIN", "BINLOG ADMIN",
)  # fmt: skip
"""Rights by which an account that only follows the binlog and reads could do harm."""

_SHOWN = re.compile(
    r"GRANT (?P<rights>.+?) ON (?:\*|`(?P<database>(?:[^`]|``)+)`)\.(?:\*|`(?P<table>(?:[^`]|``)+)`) TO ",
    re.DOTALL,
)
_SAME_AS = {"BINLOG MONITOR": "REPLICATION CLIENT", "REPLICATION REPLICA": "REPLICATION SLAVE"}
"""MariaDB's names for them."""


@dataclass(frozen=True, slots=True)
class Grants:
    """What one account needs in one shop.

    ``reads``: the shop's tables. ``writes``: not in a dry run. ``kafka``: its instances read from Kafka.
    """

    user: str
    host: str
    database: str
    reads: tuple[str, ...]
    writes: bool = True
    kafka: bool = False

    def statements(self) -> list[str]:
        """To be run one after the other, each with its semicolon."""
        return [self._grant(rights, table) for rights, table in self._needed()]

    def creation(self, password: str) -> str:
        """The statement that makes the account; it fails where there is one."""
        return f"CREATE USER {self.account} IDENTIFIED BY '{_in_quotes(password)}';"

    def script(self, first: str = "-- The account itself comes first: CREATE USER … IDENTIFIED BY …") -> str:
        """The statements as a file for `mysql`, with a word on each kind. ``first``: see ``creation``."""
        parts = ["-- What a shop gives Cartwake, and no more: `cartwake grants` prints it for yours.", first]
        for heading, needed in self._kinds():
            parts += ["", f"-- {heading}", *(self._grant(rights, table) for rights, table in needed)]
        return "\n".join(parts) + "\n"

    @property
    def account(self) -> str:
        """As SQL has it."""
        return f"'{_in_quotes(self.user)}'@'{_in_quotes(self.host)}'"

    def removal(self) -> str:
        """The statements that take away what Cartwake has put there, and the account, as a file for `mysql`."""
        views = ", ".join(self._place(view) for view in OWN_VIEWS)
        tables = ", ".join(self._place(table) for table in (*OWN_TABLES, *GROUP_TABLES))
        return (
            "-- Stop every Cartwake first. The opt-outs go, too: `cartwake optout export FILE` keeps them.\n"
            f"DROP VIEW IF EXISTS {views};\n"
            "-- If you had a cart_abandonment_log before Cartwake came, it is this one: leave it out then.\n"
            f"DROP TABLE IF EXISTS {tables};\n"
            f"DROP USER IF EXISTS {self.account};\n"
        )

    def lacking(self, shown: Iterable[str]) -> list[str]:
        """What is not among the rows of SHOW GRANTS, as ``INSERT, UPDATE on shop.a, shop.b``.

        Roles are not looked into: ask only after something was refused.
        """
        given = [one for row in shown if (one := _Given.of(row)) is not None]
        lacks: dict[str, list[str]] = {}
        for rights, table in self._needed():
            has = {right for one in given if one.covers(self.database, table or "") for right in one.rights}
            missing = [right for right in rights.split(", ") if not has & {right, "ALL PRIVILEGES"}]
            if missing:
                where = f"{self.database}.{table}" if table else "*.*"
                lacks.setdefault(", ".join(missing), []).append(where)
        return [f"{rights} on {', '.join(places)}" for rights, places in lacks.items()]

    def too_wide(self, shown: Iterable[str]) -> list[str]:
        """What rows of SHOW GRANTS give of ``FAR_REACHING`` where Cartwake reads only, as ``INSERT, SUPER on *.*``."""
        found = []
        for row in shown:
            given = _Given.of(row)
            if given is None or not any(given.covers(self.database, table) for table in ("", *self.reads)):
                continue
            rights = [right for right in FAR_REACHING if right in given.rights]
            if row.upper().endswith(" WITH GRANT OPTION"):
                rights.append("GRANT OPTION")
            if rights:
                found.append(f"{', '.join(rights)} on {given.place}")
        return found

    def revoke_all(self) -> str:
        """The statement after which `cartwake grants` gives just what is needed."""
        return f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {self.account}"

    def _needed(self) -> Iterator[tuple[str, str | None]]:
        for _, needed in self._kinds():
            yield from needed

    def _kinds(self) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
        """(what for, [(rights, table; None: the whole server)])."""
        yield "To follow the binlog.", [(FOLLOW, None)]
        yield "The shop's tables: read only.", [("SELECT", table) for table in self.reads]
        if self.writes:
            yield (
                "Cartwake's own tables. CREATE also lets the rights be given before they exist.",
                [(rights, table) for table, rights in OWN_TABLES.items()],
            )
            if self.kafka:
                yield (
                    "What instances that read from Kafka tell each other.",
                    [(rights, table) for table, rights in GROUP_TABLES.items()],
                )
            yield "Its views. DROP is what replacing one asks for.", [(VIEW, view) for view in OWN_VIEWS]

    def _grant(self, rights: str, table: str | None) -> str:
        return f"GRANT {rights} ON {self._place(table)} TO {self.account};"

    def _place(self, table: str | None) -> str:
        if table is None:
            return "*.*"
        return ".".join("`" + name.replace("`", "``") + "`" for name in (self.database, table))


@dataclass(frozen=True, slots=True)
class _Given:
    """A row of SHOW GRANTS. ``database``: a pattern as of LIKE; empty, as ``table``: all of them."""

    rights: frozenset[str]
    database: str
    table: str

    @classmethod
    def of(cls, row: str) -> "_Given | None":
        """None for a row that gives a role."""
        match = _SHOWN.match(row)
        if match is None:
            return None
        of_the_whole = re.sub(r"[A-Z ]+\([^)]*\)", "", match["rights"])  # not of single columns
        rights = frozenset(_SAME_AS.get(right.strip(), right.strip()) for right in of_the_whole.split(","))
        names = ((match[part] or "").replace("``", "`") for part in ("database", "table"))
        return cls(rights, *names)

    @property
    def place(self) -> str:
        """As it is written in a statement: ``*.*``, ``shop.*``, ``shop.cart``."""
        return f"{self.database or '*'}.{self.table or '*'}"

    def covers(self, database: str, table: str) -> bool:
        """``table``: empty for what is given on the whole server."""
        if not table:
            return not self.database
        if self.table:
            return (self.database, self.table.casefold()) == (database, table.casefold())
        return not self.database or bool(re.fullmatch(_like(self.database), database))


def _in_quotes(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "''")


def _like(pattern: str) -> str:
    """A pattern of LIKE as a regular expression."""
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    return "".join({"%": ".*", "_": "."}.get(piece) or re.escape(piece[-1]) for piece in pieces)
