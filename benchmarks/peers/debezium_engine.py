"""Debezium's embedded engine, driven from Python by pydbzengine: what its readers have in common."""

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydbzengine import BasePythonChangeHandler, ChangeEvent, DebeziumJsonEngine
from pydbzengine.engine.jvm import ensure_jvm_started
from reading import Shop

Take = Callable[[dict[str, Any]], bool]
"""Takes one change of a row; returns whether it was the last that is waited for."""


class Engine:
    """Follows ``tables`` of the shop, without a snapshot of their rows; ``name`` is that of the topics.

    ``properties``: further ones of Debezium's, or others than here. When this returns the engine is built, and
    nothing was asked of the server yet.
    """

    def __init__(
        self, shop: Shop, name: str, server_id: int, tables: list[str], take: Take, properties: dict[str, str]
    ) -> None:
        ensure_jvm_started()
        self._handler = _Handler(take)
        self._engine = DebeziumJsonEngine(
            _properties(shop, name, server_id, tables) | properties, self._handler
        )
        self._engine.engine  # noqa: B018  # the library builds it when it is first asked for
        self._thread = threading.Thread(target=self._engine.run, daemon=True)

    def run(self) -> None:
        """Follow until the last change was taken. Ends the program if the engine ends before."""
        self._thread.start()
        while not self._handler.done.wait(0.5):
            if not self._thread.is_alive():
                sys.exit("Debezium's engine ended before the last row; its log is above")

    def close(self) -> None:
        """End in an orderly way, which takes seconds."""
        self._engine.close()
        self._thread.join(30)


class _Handler(BasePythonChangeHandler):
    def __init__(self, take: Take) -> None:
        self.done = threading.Event()
        self._take = take

    def handleJsonBatch(self, records: list[ChangeEvent]) -> None:  # noqa: N802  # pydbzengine's name
        for record in records:
            value = record.value()
            change = json.loads(str(value)) if value is not None else {}
            if "op" in change and self._take(change):  # others are news of the schema, heartbeats
                self.done.set()


def _properties(shop: Shop, name: str, server_id: int, tables: list[str]) -> dict[str, str]:
    work = Path(shop.work)
    return {
        "name": name,
        "topic.prefix": name,
        "connector.class": "io.debezium.connector.mysql.MySqlConnector",
        "database.hostname": shop.host,
        "database.port": str(shop.port),
        "database.user": shop.user,
        "database.password": shop.password,
        "database.server.id": str(server_id),
        "database.ssl.mode": "disabled",
        "driver.allowPublicKeyRetrieval": "true",
        "database.include.list": shop.database,
        "table.include.list": ",".join(f"{shop.database}.{table}" for table in tables),
        "schema.history.internal": "io.debezium.storage.file.history.FileSchemaHistory",
        "schema.history.internal.file.filename": str(work / "history.json"),
        "offset.storage": "org.apache.kafka.connect.storage.FileOffsetBackingStore",
        "offset.storage.file.filename": str(work / "offsets.dat"),
        "offset.flush.interval.ms": "60000",
        "snapshot.mode": "no_data",
        "tombstones.on.delete": "false",
        "converter.schemas.enable": "false",
    }
