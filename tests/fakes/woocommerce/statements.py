"""Statements as WordPress' ``wpdb`` sends them, each for itself, and the ids that the server gives."""

import re
from typing import Any

from fakes.shop_statements import Ago, Run, ago, insert, update

SHOP_MODE = "SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO'"
"""``wpdb`` takes the strict modes and NO_ZERO_DATE out of what the server has."""

ZERO_TIME = "0000-00-00 00:00:00"
LOCAL_HOURS = 2
"""Local times are that far ahead of those that end with ``gmt``."""

PREFIX = "wp_"
_SHARED = ("users", "usermeta")
"""A network's shops have these in common, behind the network's own prefix."""


class Writer:
    """Executes single statements. ``prefix``: that of the shop's tables; a network's second shop has ``wp_2_``."""

    def __init__(self, run: Run, prefix: str = PREFIX) -> None:
        self._run = run
        self.prefix = prefix

    def table(self, name: str) -> str:
        return f"{PREFIX if name in _SHARED else self.prefix}{name}"

    def _of_this_shop(self, statement: str) -> str:
        """A statement that names tables of ``wp_``, on those of the shop."""
        if self.prefix == PREFIX:
            return statement
        return re.sub(rf"\b{PREFIX}(?!(?:{'|'.join(_SHARED)})\b)(?=[a-z_]+ )", self.prefix, statement)

    def _insert(self, table: str, **values: Any) -> int:
        self._run(*insert(f"INSERT INTO `{self.table(table)}`", values))
        ((number,),) = self._run("SELECT LAST_INSERT_ID()")
        return int(number)

    def _update(self, table: str, key: str, row: Any, **values: Any) -> None:
        self._run(*update(f"UPDATE `{self.table(table)}`", f"`{key}`", row, values))

    def _upsert(self, table: str, **values: Any) -> None:
        """``DatabaseUtil::insert_on_duplicate_key_update``: columns by their names' order, all of them updated."""
        listed = dict(sorted(values.items()))
        sql, parameters = insert(f"INSERT INTO {self.table(table)}", listed)
        pairs = ", ".join(f"`{column}` = VALUES( `{column}` )" for column in listed)
        self._run(f"{sql} ON DUPLICATE KEY UPDATE {pairs}", parameters)

    def _replace(self, table: str, **values: Any) -> None:
        self._run(*insert(f"REPLACE INTO `{self.table(table)}`", values))

    def _post(self, kind: str, status: str, *, title: str = "", minutes_ago: float = 0, **more: Any) -> int:
        """A row of ``wp_posts``: pages, products, pictures and orders are such. Returns its id."""
        here, utc = local(minutes_ago), ago(minutes_ago)
        return self._insert(
            "posts", **{
                "post_author": 1, "post_date": here, "post_date_gmt": utc, "post_content": "", "post_title": title,
                "post_excerpt": "", "post_status": status, "post_name": "", "to_ping": "", "pinged": "",
                "post_modified": here, "post_modified_gmt": utc, "post_content_filtered": "", "post_type": kind,
            } | more,
        )  # fmt: skip

    def _post_meta(self, post: int, **values: Any) -> None:
        for key, value in values.items():
            self._insert("postmeta", post_id=post, meta_key=key, meta_value=value)

    def _seconds(self) -> int:
        """What ``time()`` gives."""
        ((now,),) = self._run("SELECT UNIX_TIMESTAMP()")
        return int(now)


def local(minutes_ago: float) -> Ago:
    return ago(minutes_ago - 60 * LOCAL_HOURS)
