"""Debezium's embedded engine, driven from Python by pydbzengine; the JVM is up before the time runs.

``debezium.py prepare``: take the snapshot that Debezium wants before it streams, of table definitions only, then
stream until the row of ``end_key``: its offsets are where the measured run begins. ``debezium.py``: that run.
Rows of ``begin_key`` are written until the preparation sees one, and don't count.
"""

import json
import sys
import threading
from pathlib import Path

from pydbzengine import BasePythonChangeHandler, ChangeEvent, DebeziumJsonEngine
from pydbzengine.engine.jvm import ensure_jvm_started
from reading import Job, Reading, Row, Stopwatch, job, tell

_KINDS = {"c": "insert", "u": "update", "d": "delete"}


class _Handler(BasePythonChangeHandler):
    def __init__(self, begin_key: int, end_key: int) -> None:
        self.rows: list[Row] = []
        self.watch = Stopwatch()
        self.reading: Reading | None = None
        self.done = threading.Event()
        self._begin_key, self._end_key = begin_key, end_key

    def handleJsonBatch(self, records: list[ChangeEvent]) -> None:  # noqa: N802  # pydbzengine's name
        for record in records:
            value = record.value()
            change = json.loads(str(value)) if value is not None else {}
            if change.get("op") not in _KINDS:  # news of the schema, heartbeats
                continue
            key = (change["before"] if change["op"] == "d" else change["after"])["user_id"]
            if key != self._begin_key:
                self.rows.append((change["source"]["table"], _KINDS[change["op"]], key))
            if key == self._end_key:
                self.reading = self.watch.stop()
                self.done.set()


def main() -> None:
    given = job()
    ensure_jvm_started()
    handler = _Handler(given.begin_key, given.end_key)
    engine = DebeziumJsonEngine(_properties(given), handler)
    engine.engine  # noqa: B018  # built now, outside of the time
    handler.watch = Stopwatch()
    thread = threading.Thread(target=engine.run, daemon=True)
    thread.start()
    while not handler.done.wait(0.5):
        if not thread.is_alive():
            sys.exit("Debezium's engine ended before the last row; its log is above")
    engine.close()
    thread.join(30)
    assert handler.reading is not None
    tell(handler.reading, handler.rows)


def _properties(given: Job) -> dict[str, str]:
    work = Path(given.work)
    return {
        "name": "catchup",
        "topic.prefix": "catchup",
        "connector.class": "io.debezium.connector.mysql.MySqlConnector",
        "database.hostname": given.host,
        "database.port": str(given.port),
        "database.user": given.user,
        "database.password": given.password,
        "database.server.id": "4100000004",
        "database.ssl.mode": "disabled",
        "driver.allowPublicKeyRetrieval": "true",
        "database.include.list": given.database,
        "table.include.list": f"{given.database}.cart,{given.database}.orders",
        "schema.history.internal": "io.debezium.storage.file.history.FileSchemaHistory",
        "schema.history.internal.file.filename": str(work / "history.json"),
        "schema.history.internal.store.only.captured.tables.ddl": "true",
        "offset.storage": "org.apache.kafka.connect.storage.FileOffsetBackingStore",
        "offset.storage.file.filename": str(work / "offsets.dat"),
        "offset.flush.interval.ms": "0" if "prepare" in sys.argv else "60000",
        "snapshot.mode": "no_data",
        "tombstones.on.delete": "false",
        "converter.schemas.enable": "false",
    }


main()
