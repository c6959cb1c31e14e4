"""The way through Kafka, where KAFKA_BROKERS is set: the client, the topic, the group, and the marks that pass."""

import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pymysql.err

from binlog_watcher.doctor.case import Case, with_server
from binlog_watcher.doctor.finding import Check, Finding, failed, not_looked_at, ok, warning
from binlog_watcher.doctor.server import NO_PRIVILEGE, NO_SUCH_TABLE
from binlog_watcher.errors import CartwakeError
from binlog_watcher.settings.grants import GROUP_TABLES, HELP
from binlog_watcher.store.own_tables.group import CLOCK, MARK

_LATE_S = 10
"""A mark that is written each second, and comes back with the clocks: so old none of them is while all works."""

_AGES = f"""
    SELECT (SELECT TIMESTAMPDIFF(SECOND, MAX(written_at), NOW(6)) FROM {MARK}),
      COUNT(*), SUM(TIMESTAMPDIFF(SECOND, clock_at, NOW(6)) > {_LATE_S}), COUNT(DISTINCT member)
    FROM {CLOCK} WHERE group_name = %s AND partition_name LIKE %s
"""  # noqa: S608 - our own names

NO_CLIENT = f"{sys.executable} -m pip install 'cartwake[kafka]' from an index, or '.[kafka]' in its source"


def _topics(case: Case) -> Any:
    """Imported when it is asked for, since an extra brings the client."""
    return import_module("binlog_watcher.kafka.topics").Topics.of(case.settings)


def _client(case: Case) -> Iterator[Finding]:
    if not case.settings.kafka_brokers:
        return
    try:
        case.settings.insist_on_kafka()
        _topics(case)
    except ModuleNotFoundError as error:
        yield failed(
            f"{error.name} is not installed", "`cartwake run --source kafka` would not start", NO_CLIENT
        )
    except CartwakeError as error:
        for problem in str(error).splitlines():
            yield failed(problem, "`cartwake run --source kafka` would not start")
    else:
        yield ok("Kafka's client takes the settings")


def _topic(case: Case) -> Iterator[Finding]:
    if not case.settings.kafka_brokers:
        return
    topic = case.settings.kafka_topic
    try:
        partitions = _topics(case).partitions(topic)
    except CartwakeError as error:
        yield failed(str(error), "nothing is read, and nobody is mailed")
        return
    if partitions:
        yield ok(f"topic {topic} has {partitions} partitions: so many instances can share the work")
    else:
        yield failed(
            f"there is no topic {topic}", "nothing is read, and nobody is mailed", "make it (docs/kafka.md)"
        )


def _retention(case: Case) -> Iterator[Finding]:
    settings = case.settings
    if not settings.kafka_brokers:
        return
    try:
        keeping = _topics(case).keeping(settings.kafka_topic)
    except CartwakeError as error:
        yield not_looked_at(str(error))
        return
    needed_ms = (settings.max_cart_age_us + settings.threshold_us) // 1000
    if keeping.compacted:
        yield failed(
            f"topic {settings.kafka_topic} is compacted",
            "of each cart only the last record stays, and timers need those before it",
            "cleanup.policy=delete",
        )
    elif keeping.retention_ms is not None and keeping.retention_ms < needed_ms:
        yield failed(
            f"topic {settings.kafka_topic} keeps its records for {keeping.retention_ms / 3_600_000:.0f} h",
            "whoever takes a partition over has to read those of all carts that wait",
            f"retention.ms={needed_ms} at least: MAX_CART_AGE_HOURS and the threshold",
        )
    else:
        yield ok(f"topic {settings.kafka_topic} keeps its records for long enough")


def _group(case: Case) -> Iterator[Finding]:
    if not case.settings.kafka_brokers:
        return
    try:
        _topics(case).insist_on_group(case.settings.kafka_topic)
    except CartwakeError as error:
        yield failed(str(error), "partitions could be neither had nor given back in order")
    else:
        yield ok(f"the group {case.settings.kafka_group} may be joined")


def _marks(case: Case) -> Iterator[Finding]:
    settings = case.settings
    if not settings.kafka_brokers:
        return
    try:
        rows = case.server.rows(_AGES, (settings.kafka_group, f"{settings.kafka_topic}[%"))
    except pymysql.err.MySQLError as error:
        if error.args[0] in NO_PRIVILEGE:
            yield failed(
                f"the account lacks rights on {', '.join(GROUP_TABLES)}",
                "`cartwake run --source kafka` would not start",
                HELP,
            )
        elif error.args[0] == NO_SUCH_TABLE:
            yield ok("the first `cartwake run --source kafka` creates its tables")
        else:
            raise
        return
    written_s, partitions, late, members = rows[0]
    if written_s is None or written_s > _LATE_S:
        yield not_looked_at("no instance runs, so nobody writes marks")
    elif not partitions or late:
        yield warning(
            f"marks are written, and of {partitions} partitions {late or 0} are not known up to now",
            "their carts are not mailed",
            f"does the connector run, and is {MARK} in its table.include.list? Has an instance just started or ended?",
        )
    else:
        yield ok(f"marks come through all {partitions} partitions, which {members} instances have")


_SETTINGS = ("KAFKA_BROKERS", "KAFKA_TOPIC")

CHECKS: tuple[Check[Case], ...] = (
    Check("kafka.client", _client, (*_SETTINGS, "KAFKA_SECURITY_PROTOCOL")),
    Check("kafka.topic", _topic, _SETTINGS, needs=("kafka.client",)),
    Check("kafka.retention", _retention, (*_SETTINGS, "MAX_CART_AGE_HOURS"), needs=("kafka.topic",)),
    Check("kafka.group", _group, (*_SETTINGS, "KAFKA_GROUP"), needs=("kafka.topic",)),
    with_server(Check("kafka.marks", _marks, (*_SETTINGS, "KAFKA_GROUP"))),
)
"""Silent where the binlog is followed."""
