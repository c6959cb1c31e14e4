"""A shop's records as Debezium writes them, for the benchmarks of Kafka: made up, with a real one's form and size."""

from collections.abc import Iterator

SECOND = 1_000_000
START_US = 1_790_000_000 * SECOND

_SOURCE = (
    '"source":{"version":"3.6.1.Final","connector":"mysql","name":"shop-cdc","ts_ms":%d,"snapshot":"false",'
    '"db":"shop","sequence":null,"ts_us":%d,"ts_ns":%d000,"table":"%s","server_id":1,'
    '"gtid":"3e11fa47-71ca-11e1-9e33-c80aa9429562:%d","file":"binlog.000001","pos":%d,"row":0,"thread":14,"query":null},'
    '"transaction":null,"op":"%s","ts_ms":1790000000808,"ts_us":1790000000808878,"ts_ns":1790000000808878010}'
)
_CART = (
    '{"id":%d,"user_id":%d,"product_id":%d,"quantity":%d,"price":"12.50","note":null,'
    '"created_at":"2026-11-28T14:38:35Z"}'
)
_ORDER = '{"id":%d,"user_id":%d,"total_amount":"12.50"}'
HEADERS: list[tuple[str, str | bytes | None]] = [
    ("__debezium.context.connectorLogicalName", b"shop-cdc"),
    ("__debezium.context.taskId", b"0"),
    ("__debezium.context.connectorName", b"mysql"),
    ("__debezium.context.runId", b"01a22297-eb9e-7537-94bc-276cab72e32a"),
]
_OPS = "ccuccucdcuccucucocuc"
"""Of twenty records: new rows, changed ones, a deletion, an order (o)."""


def made_up(records: int, step_us: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values: three events a cart, in the end."""
    carts = max(records // 3, 1)
    for number in range(records):
        user, at_us = number % carts + 1, START_US + number * step_us
        op = _OPS[number % len(_OPS)]
        table = "orders" if op == "o" else "cart"
        row = (_ORDER % (number, user)) if op == "o" else _CART % (number, user, number % 1000, 1)
        op = "c" if op == "o" else op
        before, after = (row if op in "ud" else "null"), (row if op in "cu" else "null")
        source = _SOURCE % (at_us // 1000, at_us, at_us, table, number, number * 300, op)
        yield b'{"user_id":%d}' % user, f'{{"before":{before},"after":{after},{source}'.encode()
