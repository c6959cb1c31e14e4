"""What a server would say of the sample shop's columns, for what is compiled of a Schema without one."""

from typing import Any

from binlog_watcher.shop.presets import SAMPLE

MOMENTS = frozenset({"created_at", "updated_at"})
TEXTS = frozenset({"name", "email", "role"})
COLLATION = "utf8mb4_0900_ai_ci"


class SampleDictionary:
    """Every column is a whole number, a moment or a text by its name; an index begins with those of customers."""

    def rows(self, sql: str, _parameters: Any = None) -> list[tuple[Any, ...]]:
        if "STATISTICS" in sql:
            return [
                ("users", "by_email", "email", 1000),
                ("orders", "by_user", "user_id", 1000), ("orders", "by_user", "created_at", 1000),
            ]  # fmt: skip
        kinds = dict.fromkeys(MOMENTS, "timestamp") | dict.fromkeys(TEXTS, "varchar")
        return [
            (table, name, kind, kind, COLLATION if name in TEXTS else None, "NO", None)
            for table, names in SAMPLE.columns().items()
            for name in names
            for kind in [kinds.get(name, "int")]
        ]
