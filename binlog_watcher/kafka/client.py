"""The consumer's settings, and what its errors ask for. Only whoever reads from Kafka imports it."""

from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException

from binlog_watcher.errors import ConfigError
from binlog_watcher.kafka.options import GroupOptions

_LOGIN = frozenset(
    {
        KafkaError._AUTHENTICATION,  # noqa: SLF001 - its public name for the client's own errors
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError.ILLEGAL_SASL_STATE,
    }
)
_RIGHTS = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)


def open_consumer(options: GroupOptions, on_error: Any, on_commit: Any) -> Consumer:
    """A consumer that is no member yet. Raises ConfigError for settings that the client refuses."""
    settings: dict[str, Any] = {
        **options.security,
        "bootstrap.servers": ",".join(options.brokers),
        "group.id": options.group,
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": int(options.session_s * 1000),
        "heartbeat.interval.ms": max(100, int(options.session_s * 1000) // 10),
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",  # never from anywhere else in silence
        "allow.auto.create.topics": False,
        "error_cb": on_error,
        "on_commit": on_commit,
    }
    if options.member is not None:
        settings["group.instance.id"] = options.member
    try:
        return Consumer(settings)
    except (KafkaException, ValueError, TypeError) as error:
        raise ConfigError(f"the Kafka client refuses its settings: {error}") from error


def ends_the_client(error: KafkaError) -> bool:
    """Whether the client can't go on after it, and must be opened anew."""
    return bool(error.fatal()) or error.code() == KafkaError._FATAL  # noqa: SLF001 - its public name


def is_fenced(error: KafkaError) -> bool:
    """Whether the group takes another for the member of this name: another process, or our own from before."""
    # The client wraps what it can't go on after, and says only in words what it was.
    return bool(
        error.code() == KafkaError.FENCED_INSTANCE_ID
        or (ends_the_client(error) and "group.instance.id" in error.str())
    )


def insist_on_sense(error: KafkaError, options: GroupOptions) -> None:
    """Raises ConfigError for what only a human can mend."""
    where = ", ".join(options.brokers)
    code = error.code()
    if code in _LOGIN:
        raise ConfigError(
            f"Kafka at {where} refuses the login: {error.str()}; check the KAFKA_SECURITY_… settings"
        )
    if code in _RIGHTS:
        raise ConfigError(
            f"Kafka at {where} does not allow it: {error.str()}; the account needs Read and Describe on the topics "
            f"{', '.join(options.topics)} and Read on the group {options.group}"
        )
    if is_fenced(error):
        raise ConfigError(
            f"another process is member {options.member!r} of the Kafka group {options.group!r}: give each its own name"
        )
