"""Debezium's embedded engine; the JVM is up, and the engine built, before the time runs.

``catchup_debezium.py prepare``: take the snapshot that Debezium wants before it streams, of table definitions only,
then stream until the row of ``end_key``: its offsets are where the measured run begins. ``catchup_debezium.py``: that
run. Rows of ``begin_key`` are written until the preparation sees one, and don't count.
"""

import sys
from typing import Any

from debezium_engine import Engine
from reading import Reading, Row, Stopwatch, job, tell

_KINDS = {"c": "insert", "u": "update", "d": "delete"}


def main() -> None:
    given = job()
    rows: list[Row] = []
    readings: list[Reading] = []

    def take(change: dict[str, Any]) -> bool:
        kind = _KINDS.get(change["op"])
        if kind is None:
            return False
        key = (change["before"] if kind == "delete" else change["after"])["user_id"]
        if key != given.begin_key:
            rows.append((change["source"]["table"], kind, key))
        if key != given.end_key:
            return False
        readings.append(watch.stop())
        return True

    properties = {
        "schema.history.internal.store.only.captured.tables.ddl": "true",
        "offset.flush.interval.ms": "0" if "prepare" in sys.argv else "60000",
    }
    engine = Engine(given, "catchup", 4_100_000_004, ["cart", "orders"], take, properties)
    watch = Stopwatch()
    engine.run()
    engine.close()
    tell(readings[0], rows)


main()
