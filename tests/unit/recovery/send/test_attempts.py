"""How often a mail is tried, and when again."""

from fakes.stages import NOW, Shop

from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.recovery.send.attempts import MAX_ATTEMPTS, Retries, is_last, outcome_of


def test_the_pauses_double_up_to_sixty_times_the_first() -> None:
    retries = Retries(500_000)
    assert [retries.next_us(attempt, 0) for attempt in (1, 2, 6, 7, 99)] == [
        500_000, 1_000_000, 16_000_000, 30_000_000, 30_000_000,
    ]  # fmt: skip
    assert Retries(60_000_000).next_us(3, NOW) == NOW + 240_000_000


def test_the_eighth_attempt_is_the_last() -> None:
    assert [attempt for attempt in range(1, 12) if is_last(attempt)] == [8, 9, 10, 11]
    assert MAX_ATTEMPTS == 8


def test_an_outcome_names_the_row_and_the_address() -> None:
    claimed = Shop().claimed(7)
    outcome = outcome_of(
        claimed, Status.RETRY, NOW, reason=Reason.NOT_LEADING, next_us=NOW + 1, message_id="<m>"
    )
    assert (outcome.log_id, outcome.address_hash) == (107, bytes([7] * 32))
    assert (outcome.status, outcome.reason, outcome.at_us) == (Status.RETRY, Reason.NOT_LEADING, NOW)
    assert (outcome.next_attempt_us, outcome.message_id) == (NOW + 1, "<m>")
    assert outcome_of(Shop().claimed(7, customer=None), Status.FAILED, NOW).address_hash is None
