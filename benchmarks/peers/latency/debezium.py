"""Debezium's embedded engine, driven from Python by pydbzengine; settings as it comes, no snapshot of rows."""

import json
import os
import sys
import threading
from pathlib import Path

from arrivals import Arrivals, Job
from pydbzengine import BasePythonChangeHandler, ChangeEvent, DebeziumJsonEngine


class _Handler(BasePythonChangeHandler):
    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self.done = threading.Event()

    def handleJsonBatch(self, records: list[ChangeEvent]) -> None:  # noqa: N802  # pydbzengine's name
        for record in records:
            value = record.value()
            change = json.loads(str(value)) if value is not None else {}
            if change.get("op") == "c":
                self._arrivals.note(change["after"]["user_id"])
        if self._arrivals.complete:
            self.done.set()


def main() -> None:
    job = Job.given()
    arrivals = Arrivals(job)
    handler = _Handler(arrivals)
    engine = DebeziumJsonEngine(_properties(job), handler)
    thread = threading.Thread(target=engine.run, daemon=True)
    thread.start()
    while not handler.done.wait(0.5):
        if not thread.is_alive():
            sys.exit("Debezium's engine ended before the last row; its log is above")
    arrivals.tell()
    os._exit(0)  # an orderly end of the engine takes seconds


def _properties(job: Job) -> dict[str, str]:
    work = Path(job.work)
    return {
        "name": "latency",
        "topic.prefix": "latency",
        "connector.class": "io.debezium.connector.mysql.MySqlConnector",
        "database.hostname": job.host,
        "database.port": str(job.port),
        "database.user": job.user,
        "database.password": job.password,
        "database.server.id": "4100000014",
        "database.ssl.mode": "disabled",
        "driver.allowPublicKeyRetrieval": "true",
        "database.include.list": job.database,
        "table.include.list": f"{job.database}.cart",
        "schema.history.internal": "io.debezium.storage.file.history.FileSchemaHistory",
        "schema.history.internal.file.filename": str(work / "history.json"),
        "offset.storage": "org.apache.kafka.connect.storage.FileOffsetBackingStore",
        "offset.storage.file.filename": str(work / "offsets.dat"),
        "offset.flush.interval.ms": "60000",
        "snapshot.mode": "no_data",
        "tombstones.on.delete": "false",
        "converter.schemas.enable": "false",
    }


main()
