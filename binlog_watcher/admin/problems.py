"""What is wrong, and what to do about it: the worst first. Pure."""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from binlog_watcher.admin import shown
from binlog_watcher.admin.readings import DAYS, Advised, LogReading
from binlog_watcher.service.live import Standing
from binlog_watcher.settings.promises import in_words, unconfirmed
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables.webhook_queue import LATE_MINUTES
from binlog_watcher.telemetry.metrics_server import Obstacle
from binlog_watcher.telemetry.redact import mask_addresses

MANY_BOUNCES = 0.02
LEAST_BOUNCES = 10
"""From so many hard bounces on, and such a share of the mails, mailbox providers lose their trust in a sender."""

MANY_RESETS = 3
"""So many since the start are more than a failover and an import."""


class Grade(enum.StrEnum):
    """How bad it is."""

    BAD = "bad"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """``todo``: what to do, "" where it passes by itself."""

    grade: Grade
    said: str
    todo: str = ""


OBSTACLES: Mapping[str, Problem] = {
    "standby": Problem(Grade.NOTE, "Another instance leads; this one stands by, and has no timers."),
    "starting": Problem(Grade.NOTE, "The service is starting: the open carts are being read."),
    "stopping": Problem(Grade.NOTE, "The service is stopping: the mails in hand are finished first."),
    "binlog": Problem(
        Grade.BAD,
        "The binlog is not heard of, so carts are not followed",
        "Is MySQL up, and can this machine reach it? `cartwake doctor` looks at server, account and binlog.",
    ),
    "stuck": Problem(
        Grade.BAD,
        "The binlog can't be followed",
        "`cartwake doctor` tells which setting of the server is in the way; the log says at which event it stopped.",
    ),
    "write": Problem(
        Grade.BAD,
        "MySQL takes no writes, so nothing is mailed",
        "Is it read-only, full, or locked? Carts wait, and go on by themselves.",
    ),
    "smtp": Problem(
        Grade.BAD,
        "The mail server takes no mail from us.",
        "Its words are in the log (`sender.stopped`). Check the SMTP_… settings, or ask its operator; sending goes on "
        "by itself.",
    ),
}
"""By the word of /readyz."""


def problems(
    settings: Settings,
    obstacle: Obstacle | None,
    standing: Standing | None,
    reading: LogReading | None,
    error: str | None,
    mailed: int = 0,
) -> list[Problem]:
    """All of them. ``error``: why the log can't be read, if so; ``mailed``: mails of the month, 0 if unknown."""
    found = [
        *_of_readiness(obstacle),
        *_of_reading(error),
        *(() if reading is None else (*_of_the_log(reading), *_of_what_came_back(reading, mailed))),
        *(() if standing is None else _of_what_runs(standing)),
        *_of_settings(settings),
    ]
    return sorted(found, key=lambda one: list(Grade).index(one.grade))


def _of_readiness(obstacle: Obstacle | None) -> Iterator[Problem]:
    if obstacle is None:
        return
    known = OBSTACLES.get(obstacle.word)
    if known is None:
        yield Problem(
            Grade.BAD, f"No mail can go out just now ({obstacle}).", "`cartwake doctor` looks at everything."
        )
    elif known.said.endswith(".") or not obstacle.sentence:
        yield known
    else:
        yield Problem(known.grade, f"{known.said}: {obstacle.sentence}.".replace("?.", "?"), known.todo)


def _of_reading(error: str | None) -> Iterator[Problem]:
    if error is not None:
        yield Problem(
            Grade.BAD,
            f"The log can't be read: {mask_addresses(error)}",
            "What stands below is older, or missing.",
        )


def _of_the_log(reading: LogReading) -> Iterator[Problem]:
    if reading.unknown:
        yield Problem(
            Grade.WARN,
            _counted(reading.unknown, "mail has an unknown outcome", "mails have an unknown outcome")
            + ": the connection or the process ended while it was handed over. It counts as mailed.",
            _advice(reading.letters, "unknown", "`cartwake retry --unknown` sends them once more."),
        )
    if reading.failed:
        yield Problem(
            Grade.WARN,
            _counted(reading.failed, "mail was given up", "mails were given up") + _errors(reading.letters),
            _advice(
                reading.letters,
                "failed",
                "`cartwake report` lists them; `cartwake retry --failed` tries them again.",
            ),
        )
    under_way = reading.under_way
    if under_way.overdue_claims or under_way.overdue_retries:
        late = under_way.overdue_claims + under_way.overdue_retries
        yield Problem(
            Grade.WARN,
            _counted(late, "begun mail waits", "begun mails wait")
            + " for longer than a running service leaves them.",
            "Is `cartwake run` up, and ready? It takes them over by itself.",
        )


def _of_what_came_back(reading: LogReading, mailed: int) -> Iterator[Problem]:
    told = reading.webhooks
    if told.dead:
        yield Problem(
            Grade.WARN,
            _counted(told.dead, "event was", "events were") + " given up: WEBHOOK_URL did not take them.",
            "The log says what it answers (`webhook.dead`). It must be up, and answer 2xx within 15 seconds.",
        )
    if told.waiting and told.oldest_minutes > LATE_MINUTES:
        yield Problem(
            Grade.WARN,
            _counted(told.waiting, "event waits", "events wait")
            + f" for WEBHOOK_URL, the oldest for {shown.span(told.oldest_minutes * 60_000_000)}.",
            "`cartwake doctor --only webhooks` tells whether it is there, and its certificate good; the log says what "
            "it answers (`webhooks.unreachable`, `webhooks.gone`).",
        )
    if reading.bounced >= LEAST_BOUNCES and reading.bounced > MANY_BOUNCES * mailed > 0:
        yield Problem(
            Grade.WARN,
            f"{shown.count(reading.bounced)} of {shown.count(mailed)} mails in {DAYS} days bounced for good "
            f"({shown.share(reading.bounced, mailed)}).",
            "Such addresses are not mailed again. Have the shop confirm addresses at sign-up; `cartwake report` tells "
            "what else came back.",
        )


def _of_what_runs(standing: Standing) -> Iterator[Problem]:
    resets = sum(standing.resets.values())
    if resets >= MANY_RESETS:
        causes = ", ".join(
            f"{cause} ({shown.count(times)})"
            for cause, times in sorted(standing.resets.items(), key=lambda one: -one[1])
        )
        yield Problem(
            Grade.WARN,
            f"All open carts were read anew {shown.count(resets)} times since the start: {causes}.",
            "No cart is lost by it, but mails may be late. The log says why (`binlog.reset`).",
        )
    if standing.lag_us > 60_000_000:
        yield Problem(
            Grade.WARN,
            f"The binlog is {shown.span(standing.lag_us)} behind: mails wait until it is caught up.",
        )
    if standing.texts_fail:
        yield Problem(
            Grade.WARN,
            "Gemini fails again and again: mails go out with the template's texts.",
            "The log says why (`gemini.out`): the key, the model, the quota, or the network.",
        )


def _of_settings(settings: Settings) -> Iterator[Problem]:
    if settings.dry_run:
        yield Problem(Grade.NOTE, "DRY_RUN is on: mails are told of in the log, and none is sent.")
    missing = unconfirmed(settings)
    if missing:
        said, _, todo = in_words(missing).partition("; ")
        yield Problem(
            Grade.NOTE,
            f"{said[:1].upper()}{said[1:]}: nobody has said yes to it.",
            f"{todo[:1].upper()}{todo[1:]}.",
        )


def _counted(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{shown.count(number)} {many}"


def _errors(letters: list[Advised]) -> str:
    said = next(
        (each.letter.error for each in letters if each.letter.status == "failed" and each.letter.error), None
    )
    return "." if said is None else f", the newest since: {mask_addresses(' '.join(said.split()))[:200]}"


def _advice(letters: list[Advised], status: str, otherwise: str) -> str:
    """Of a single row its own advice; of many the command for all."""
    own = [one for one in letters if one.letter.status == status]
    if len(own) == 1:
        return f"Row {own[0].letter.id}: {own[0].todo}"
    return otherwise
