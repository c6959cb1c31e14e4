"""The GRANT statements that give an account what Cartwake needs, and nothing more. Pure.

``demo/account.sql`` gives the same, but for reading the shop, where it names the tables one by one.
"""

import re
from dataclasses import dataclass

OWN_TABLES = {
    "cart_abandonment_log": "SELECT, INSERT, UPDATE, CREATE, ALTER",
    "cart_abandonment_recipient": "SELECT, INSERT, UPDATE, CREATE, ALTER",
    "cart_abandonment_meta": "SELECT, INSERT, UPDATE, CREATE, ALTER",
    "cart_abandonment_cart": "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER",
    "cart_abandonment_click": "SELECT, INSERT, CREATE, ALTER",
    "cart_abandonment_returned": "SELECT, INSERT, UPDATE, CREATE, ALTER",
}
"""Each with the rights that it needs: notes on carts are deleted when they are old, nothing else is."""

OWN_VIEWS = ("cart_abandonment_daily", "cart_abandonment_mails_daily", "cart_abandonment_tiers")

_ACCOUNT = re.compile(r"'[^']*'@'([^']*)'")


def host_named_in(text: str) -> str:
    """The host of the account that a server's message names; any host where it names none."""
    named = _ACCOUNT.search(text)
    return named[1] if named else "%"


@dataclass(frozen=True, slots=True)
class Grants:
    """For one account and one shop: each method gives statements to run one after the other, as one line."""

    user: str
    host: str
    database: str
    mariadb: bool

    def to_follow(self) -> str:
        """To read the binlog."""
        monitor = "BINLOG MONITOR" if self.mariadb else "REPLICATION CLIENT"
        return self._grant(f"REPLICATION SLAVE, {monitor}", "*.*")

    def to_read(self) -> str:
        """To read the shop."""
        return self._grant("SELECT", f"{self._database}.*")

    def to_write(self) -> str:
        """To keep our own tables and views, whether they are there yet or not."""
        tables = [self._grant(rights, f"{self._database}.`{table}`") for table, rights in OWN_TABLES.items()]
        # DROP is what replacing a view asks for; without CREATE nothing can be granted on what is not there yet.
        views = [
            self._grant("SELECT, CREATE, CREATE VIEW, DROP", f"{self._database}.`{view}`")
            for view in OWN_VIEWS
        ]
        return " ".join([*tables, *views])

    def all_of_them(self) -> str:
        """To follow, read and write."""
        return f"{self.to_follow()} {self.to_read()} {self.to_write()}"

    @property
    def _database(self) -> str:
        return "`" + self.database.replace("`", "``") + "`"

    def _grant(self, rights: str, where: str) -> str:
        user, host = (name.replace("\\", "\\\\").replace("'", "''") for name in (self.user, self.host))
        return f"GRANT {rights} ON {where} TO '{user}'@'{host}';"
