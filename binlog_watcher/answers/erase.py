"""`cartwake erase`: takes a person out of our tables and keeps the totals, or rows that are old (docs/privacy.md)."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

from binlog_watcher.answers.person import NEVER_RAN, Holdings, PersonSeeker, Whom
from binlog_watcher.core.batches import in_batches
from binlog_watcher.core.cart import Cart
from binlog_watcher.core.erased_keys import is_erased
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.errors import CartwakeError, ConfigError
from binlog_watcher.service.resources import Resources, open_resources
from binlog_watcher.settings.retention import DAY_US
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables import erased_notes, erasure, personal, recipients, tables
from binlog_watcher.store.own_tables.erasure import ROWS_BATCH_SIZE, Erased

KEYS_AT_ONCE = 500

KEPT = (
    "Kept: a keyed hash of the address, so that opt-outs hold and the links in mails that were sent still unsubscribe; "
    "of each cart its highest version under a keyed hash, so that nothing is mailed twice; amounts, statuses and times "
    "without a name, for the totals of reports."
)
NOT_TOUCHED = (
    "Not touched: the shop's own tables (customers, carts, orders), the mail server's logs, Cartwake's log files, "
    "the binlog, backups."
)


@dataclass(slots=True)
class ErasedReport:
    """What was erased, or with ``dry_run`` would be. ``whom``: in words; ``before``: rows that were erased earlier.

    ``untold``: rows of nobody knows which store, which stay; ``suppressed``: whether an address of theirs is never
    mailed (None: it was not asked).
    """

    whom: str
    dry_run: bool
    before: int = 0
    untold: int = 0
    suppressed: bool | None = None
    done: Erased = field(default_factory=Erased)

    @property
    def exit_code(self) -> int:
        """1 while something has to be done again."""
        return 1 if self.done.busy else 0

    def lines(self) -> Iterator[str]:
        """In plain sentences."""
        done = self.done
        if not (done.rows or done.notes or done.hints or done.marked or done.busy):
            yield f"Cartwake holds nothing{' more' if self.before else ''} about {self.whom} that could be erased."
        elif self.dry_run:
            yield f"Dry run: nothing was written. Of {self.whom} would be erased: {_counted(done)}."
        else:
            yield f"Erased of {self.whom}: {_counted(done)}."
        if done.closed:
            yield f"{_number(done.closed, 'mail')} that was still to go out will not."
        if done.marked:
            yield (
                f"{_number(done.marked, 'cart')} still in the shop: nobody is mailed for what is in it now. "
                "What is put in later counts as a new cart."
            )
        for log_id in done.busy:
            yield (
                f"Row {log_id} stays: its mail is being handed over just now; if it is refused, it is not tried "
                "again. Run this again in a minute."
            )
        if self.untold:
            yield (
                f"{_number(self.untold, 'row')} stays: the shop does not say of which store its cart is. Without "
                "--store it is erased, too."
            )
        yield KEPT
        yield NOT_TOUCHED
        if self.suppressed is False:
            yield "This is no opt-out: to never mail the address again, run `cartwake optout add ADDRESS`."


def _counted(done: Erased) -> str:
    parts = [
        (done.rows, "row of the log", "rows of the log"), (done.clicks, "visit by a link", "visits by links"),
        (done.notes, "note on a cart", "notes on carts"), (done.hints, "masked address", "masked addresses"),
    ]  # fmt: skip
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in parts)


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def erase_person(settings: Settings, whom: Whom, *, dry_run: bool = False) -> ErasedReport:
    """Erase what our tables hold about a person. Blocking; with DRY_RUN it only says what it would do.

    Raises ConfigError, InvalidAddressError; CartwakeError where Cartwake never ran. If it is interrupted, run it again.
    """
    dry_run = dry_run or settings.dry_run
    with closing(_opened(settings, dry_run=dry_run)) as resources:
        return _Eraser(resources, settings, whom).run(dry_run=dry_run)


def erase_old(settings: Settings, days: int, *, dry_run: bool = False) -> ErasedReport:
    """Erase the rows of the log that are older. Blocking. Raises ConfigError for rows that may still be in use."""
    least = settings.least_retention_days
    if days < least:
        raise ConfigError(f"--older-than {days}: at least {least} days, as for LOG_RETENTION_DAYS")
    dry_run = dry_run or settings.dry_run
    report = ErasedReport(f"rows older than {days} days", dry_run)
    with closing(_opened(settings, dry_run=dry_run)) as resources:
        before_us = resources.clock.now_us() - days * DAY_US
        if dry_run:
            report.done.rows = resources.old_rows.count(before_us)
            return report
        while (some := resources.old_rows.erase_some(before_us)) is not None:
            report.done += some
            if some.busy:
                break
    return report


def _opened(settings: Settings, *, dry_run: bool) -> Resources:
    resources = open_resources(settings, write=False)
    if not resources.with_log:
        resources.close()
        raise CartwakeError(NEVER_RAN)
    if not dry_run:
        tables.migrate(resources.database, resources.shop, attribution_days=settings.attribution_days)
    return resources


class _Eraser:
    def __init__(self, resources: Resources, settings: Settings, whom: Whom) -> None:
        self._resources = resources
        self._episodes = resources.episodes
        self._versions_are_times = settings.preset().version is None
        self._whom = whom
        self._seek = PersonSeeker(resources)

    def run(self, *, dry_run: bool) -> ErasedReport:
        found = self._seek(self._whom)
        report = ErasedReport(self._whom.words, dry_run)
        if dry_run:
            report.done = self._would_erase(found)
        else:
            report.done = self._mark(found)
            # What was claimed until then has its row by now.
            found = self._seek(self._whom)
            report.done += self._erase(found)
        report.before = sum(is_erased(row.cart_key) for row in found.rows)
        report.untold = found.untold
        report.suppressed = self._suppressed(found)
        return report

    def _would_erase(self, found: Holdings) -> Erased:
        resources, ids = self._resources, [row.id for row in found.rows if not is_erased(row.cart_key)]
        with resources.database.session() as session:
            held = personal.read_tables(
                session, ids, self._episodes.shop_id or "", found.noted, found.person.hashes
            )
        log, clicks, notes, known = held.values()
        return Erased(
            rows=len(log),
            closed=sum(row["status"] in {"retry", "claimed"} for row in log),
            clicks=len(clicks) - len({(row["log_id"], row["kind"]) for row in clicks if row["flag"] is None}),
            notes=len([row for row in notes if not is_erased(row["cart_key"])]),
            hints=0 if self._whom.store else sum(row["address_hint"] is not None for row in known),
            marked=len(self._unhandled(found)),
        )

    def _unhandled(self, found: Holdings) -> list[Cart]:
        """Their carts that a mail may still be made for; one that is being handed over may have to be tried again."""
        return [
            cart
            for cart in found.carts
            if cart.version is not None
            and (
                cart.logged is None
                or cart.logged.version < cart.version
                or cart.logged.status is Status.SENDING
            )
        ]

    def _mark(self, found: Holdings) -> Erased:
        """Before all else: from here on no claim is made for what is in their carts."""
        carts = self._unhandled(found)
        now_us = self._resources.clock.now_us()
        marks = [
            (str(cart.key), max(cart.version or 0, now_us) if self._versions_are_times else cart.version or 0)
            for cart in carts
        ]
        hashes = {
            cart.customer.address_hash for cart in carts if cart.customer and cart.customer.address_hash
        }
        for some in in_batches(marks, ROWS_BATCH_SIZE):
            self._resources.database.in_transaction(
                partial(
                    erasure.mark_carts, erased=self._episodes.erased, carts=some, shop=self._episodes.shop_id,
                    hashes=hashes,
                )
            )  # fmt: skip
        return Erased(marked=len(marks))

    def _erase(self, found: Holdings) -> Erased:
        database, erased = self._resources.database, self._episodes.erased
        done = Erased()
        # Rows that lead from an address to an account go last: should this be interrupted, the others are found again.
        rows = sorted(found.rows, key=lambda row: row.user_id is not None and row.address_hash is not None)
        ids = [row.id for row in rows if not is_erased(row.cart_key)]
        for some in in_batches(ids, ROWS_BATCH_SIZE):
            with database.session() as session:
                done.clicks += erasure.erase_visits_that_do_not_count(session, some)
            work = partial(
                erasure.erase_rows, queries=self._resources.shop.queries, erased=erased, ids=some, reason=Reason.ERASED,
                days=self._resources.attribution_days
            )  # fmt: skip
            done += database.in_transaction(work)
        for keys in in_batches(found.noted, KEYS_AT_ONCE):
            done.notes += database.in_transaction(
                partial(erased_notes.erase_notes, shop=self._episodes.shop_id or "", erased=erased, keys=keys)
            )
        if found.person.hashes and not self._whom.store:
            with database.session() as session:
                done.hints = session.run(*erasure.forget_hints(found.person.hashes))
        return done

    def _suppressed(self, found: Holdings) -> bool:
        hashes = sorted(found.person.hashes)
        with self._resources.database.session() as session:
            known = recipients.read(session, hashes) if hashes else {}
        return any(one.suppressed for one in known.values())
