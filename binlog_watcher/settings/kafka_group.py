"""The settings of `cartwake run --source kafka`; nothing else goes by them, but for the doctor."""

from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, MaxLen
from pydantic import BaseModel, BeforeValidator

from binlog_watcher.errors import ConfigError
from binlog_watcher.settings import types as kind
from binlog_watcher.settings.takes import Takes


def _brokers(value: Any) -> Any:
    """``host:port, host:port``."""
    if not isinstance(value, str):
        return value
    found = tuple(text.strip() for text in value.split(",") if text.strip())
    for text in found:
        host, _, port = text.rpartition(":")
        if not host or "/" in host or any(char.isspace() for char in text) or not _is_port(port):
            raise ValueError("host:port, with commas between several, such as kafka1.example.com:9092")
    return found


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 65536


Brokers = Annotated[tuple[str, ...], BeforeValidator(_brokers), Takes("list of host:port")]
Name = Annotated[kind.Text, MaxLen(120)]


class KafkaSettings(BaseModel):
    """A part of ``Settings``."""

    kafka_brokers: Brokers = ()
    """Some of the cluster's brokers: `kafka1.example.com:9092, kafka2.example.com:9092`."""
    kafka_topic: Name = ""
    """The topic that the connector fills, such as `cartwake`."""
    kafka_group: Name = "cartwake"
    """The consumer group; instances with the same one share the work."""
    kafka_member: Name = ""
    """A name that this instance has at each start, and no other of the group (static membership): a restart within
    KAFKA_SESSION_SECONDS moves no partition. Empty: none."""
    kafka_session_seconds: Annotated[int, Ge(6), Le(300)] = 15
    """After so many seconds without a word of an instance the others take over its partitions."""
    kafka_security_protocol: Annotated[
        Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"], kind.Lower
    ] = "plaintext"
    """How brokers are spoken to; the two with `ssl` check their certificates."""
    kafka_ssl_ca: kind.PemFile | None = None
    """The authorities that these are checked against. Empty: the system's."""
    kafka_sasl_mechanism: Annotated[Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], kind.Upper] = (
        "SCRAM-SHA-512"
    )
    """How to log in, with the two that begin with `sasl`."""
    kafka_sasl_username: kind.Text = ""
    """The account there."""
    kafka_sasl_password: kind.Secret | None = None
    """Its password."""

    def insist_on_kafka(self) -> None:
        """Raises ConfigError with all that is missing to read from Kafka."""
        wanted: list[tuple[str, object]] = [
            ("KAFKA_BROKERS", self.kafka_brokers),
            ("KAFKA_TOPIC", self.kafka_topic),
        ]
        if self.kafka_security_protocol.startswith("sasl"):
            wanted += [
                ("KAFKA_SASL_USERNAME", self.kafka_sasl_username),
                ("KAFKA_SASL_PASSWORD", self.kafka_sasl_password),
            ]
        wanted.append(("KAFKA_GROUP", self.kafka_group))
        if missing := [name for name, value in wanted if not value]:
            raise ConfigError(
                *(f"{name} is not set: --source kafka needs it (docs/kafka.md)" for name in missing)
            )

    @property
    def kafka_security(self) -> dict[str, str]:
        """Settings of the client, by librdkafka's names."""
        found: dict[str, str] = {"security.protocol": self.kafka_security_protocol}
        if self.kafka_ssl_ca is not None and self.kafka_security_protocol.endswith("ssl"):
            found["ssl.ca.location"] = self.kafka_ssl_ca
        if self.kafka_security_protocol.startswith("sasl"):
            found["sasl.mechanism"] = self.kafka_sasl_mechanism
            found["sasl.username"] = self.kafka_sasl_username
            if self.kafka_sasl_password is not None:
                found["sasl.password"] = self.kafka_sasl_password.get_secret_value()
        return found
