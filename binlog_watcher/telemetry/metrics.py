"""The figures of the running service, for Prometheus. What each is for says docs/alerts.md."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600)
"""Upper bounds of the histograms' buckets: most mails leave within 50 ms, some wait for a slow mail server."""


@dataclass(frozen=True, slots=True)
class PartitionMetrics:
    """Of the partitions of a Kafka topic that this instance has."""

    armed: Gauge
    behind: Gauge


class Metrics:
    """All figures of one service instance, in a registry of their own. Counters outlive its terms as leader."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._of_the_instance()
        self._of_the_source()
        self._of_the_mails()
        self._of_partitions: PartitionMetrics | None = None

    def _of_the_instance(self) -> None:
        registry = self.registry
        self.timers_armed = Gauge("cartwake_timers_armed", "Carts whose timer runs", registry=registry)
        self.next_due = Gauge(
            "cartwake_next_due_seconds",
            "Seconds until the next timer is due; below 0 while it is held back, NaN while none runs",
            registry=registry,
        )
        self.in_hand = Gauge("cartwake_recoveries_in_hand", "Carts whose timer fired", registry=registry)
        self.queues = Gauge(
            "cartwake_queue_depth", "Mails that wait between two stages", ["queue"], registry=registry
        )
        self.ready = Gauge(
            "cartwake_ready",
            "1 while mails can go out: the binlog is followed, claims can be written, and the SMTP server takes mail",
            registry=registry,
        )
        self.sender_stopped = Gauge(
            "cartwake_sender_stopped", "1 while the SMTP server takes no mail from us", registry=registry
        )
        self.leader = Gauge(
            "cartwake_leader", "1 while this instance may mail, 0 on standby", registry=registry
        )

    def _of_the_source(self) -> None:
        registry = self.registry
        self.lag = Gauge(
            "cartwake_source_lag_seconds", "Arrival minus commit, newest transaction", registry=registry
        )
        self.heartbeat_age = Gauge(
            "cartwake_source_heartbeat_age_seconds",
            "Time since the binlog was last heard of; a heartbeat comes each second",
            registry=registry,
        )
        self.events = Counter(
            "cartwake_source_events", "What the binlog told of the shop", ["type"], registry=registry
        )
        self.resets = Counter(
            "cartwake_source_resets", "Times all carts were read anew", ["cause"], registry=registry
        )
        self.relapses = Counter(
            "cartwake_source_relapses",
            "Of these, for what the one before had not cured",
            ["cause"],
            registry=registry,
        )
        self.finds = Counter("cartwake_reconcile_finds", "Carts that only reconcile found", registry=registry)

    def _of_the_mails(self) -> None:
        registry = self.registry
        self.mails = Counter("cartwake_mails", "Attempts to mail by outcome", ["outcome"], registry=registry)
        self.smtp_errors = Counter(
            "cartwake_smtp_errors", "Hand-overs that failed, by what was wrong", ["kind"], registry=registry
        )
        self.returned = Counter(
            "cartwake_mails_returned", "Mails that came back", ["kind"], registry=registry
        )
        self.mailbox_failing = Gauge(
            "cartwake_mailbox_failing", "1 while BOUNCE_MAILBOX can't be read", registry=registry
        )
        self.webhooks = Counter(
            "cartwake_webhooks",
            "Outgoing webhooks by outcome: told, failed, dead",
            ["outcome"],
            registry=registry,
        )
        self.webhooks_waiting = Gauge(
            "cartwake_webhooks_waiting", "Events that wait to be told to WEBHOOK_URL", registry=registry
        )
        self.skips = Counter("cartwake_skips", "Carts not mailed by reason", ["reason"], registry=registry)
        self.fallbacks = Counter(
            "cartwake_fallbacks", "Parts replaced after a failure", ["part"], registry=registry
        )
        self.gemini_errors = Counter(
            "cartwake_gemini_errors", "Texts that Gemini did not write, by why", ["kind"], registry=registry
        )
        self.gemini_out = Gauge(
            "cartwake_gemini_out",
            "1 while Gemini fails again and again, and is left alone",
            registry=registry,
        )
        self.lateness = Histogram(
            "cartwake_lateness_seconds",
            "Hand-over to SMTP minus the moment the cart became due",
            buckets=_SECONDS,
            registry=registry,
        )
        self.due_to_sent = Histogram(
            "cartwake_due_to_sent_seconds",
            "The mail server's yes minus the moment the cart became due",
            buckets=_SECONDS,
            registry=registry,
        )

    def of_partitions(self) -> PartitionMetrics:
        """Made when somebody asks for them: whoever follows a binlog has none."""
        if self._of_partitions is None:
            self._of_partitions = PartitionMetrics(
                Gauge(
                    "cartwake_partition_timers_armed",
                    "Carts of a partition whose timer runs",
                    ["partition"],
                    registry=self.registry,
                ),
                Gauge(
                    "cartwake_partition_behind_seconds",
                    "How far a partition's clock is behind; NaN while its timers stand",
                    ["partition"],
                    registry=self.registry,
                ),
            )
        return self._of_partitions

    def mails_with(self, outcome: str) -> int:
        """How many attempts ended so."""
        return int(self.registry.get_sample_value("cartwake_mails_total", {"outcome": outcome}) or 0)
