"""The fence: the last look at a cart, in the very statement that lets its mail out. See docs/design.md, *The fence*."""

from collections.abc import Sequence
from typing import Any

from binlog_watcher.core.transitions import PASS_FENCE, STAY_FENCED
from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables.log_rows import Fenced
from binlog_watcher.store.own_tables.statement import LEASE_IS_OVER, Statement, lease_end
from binlog_watcher.store.own_tables.tables import LOG, RECIPIENT
from binlog_watcher.store.shop_tables.checks import checks
from binlog_watcher.store.shop_tables.fingerprints import EMPTY_FINGERPRINT
from binlog_watcher.store.shop_tables.queries import Queries


def pass_fence(
    owner: str, queries: Queries, mails: Sequence[Fenced], lease_us: int, *, again: bool = False
) -> Statement:
    """Set ``sending`` where the claim is still ours and nothing has changed since the decision: cart, orders, customer.

    ``again``: they passed before and stand before DATA, which costs no further attempt. A single-table UPDATE under
    READ COMMITTED reads the shop's rows without locking them; a join would lock.
    """
    ids = [mail.log_id for mail in mails]
    step = STAY_FENCED if again else PASS_FENCE
    before, sending = step.of_its_owner, step.sets
    parameters: dict[str, Any] = {
        **queries.constants, "ids": tuple(ids), "owner": owner, "sending": sending, "before": before,
        **{f"id{nth}": log_id for nth, log_id in enumerate(ids)},
    }  # fmt: skip

    def of_each(name: str, values: Sequence[Any]) -> str:
        """SQL for the one of the values that belongs to the row."""
        parameters.update({f"{name}{nth}": value for nth, value in enumerate(values)})
        numbers = range(len(ids))
        return (
            f"ELT(FIELD({LOG}.id, {', '.join(f'%(id{nth})s' for nth in numbers)}), "
            f"{', '.join(f'%({name}{nth})s' for nth in numbers)})"
        )

    now = checks(queries, LOG, [(mail.log_id, mail.cart) for mail in mails], of_each)
    parameters |= now.parameters
    prints = [mail.cart.fingerprint.split("/") + [EMPTY_FINGERPRINT] * len(now.selects) for mail in mails]
    unchanged = " ".join(
        f"AND {of_each(f'{part}_', [of_mail[nth] for of_mail in prints])} = ({select})"
        for nth, (part, select) in enumerate(now.selects)
    )
    return Statement(
        f"UPDATE {LOG} SET status = %(sending)s, {'' if again else 'attempts = attempts + 1, '}"
        f"lease_until = {lease_end(lease_us)} "
        f"WHERE id IN %(ids)s AND owner = %(owner)s AND status IN %(before)s AND NOT {LEASE_IS_OVER} "
        f"{unchanged} AND NOT EXISTS (SELECT 1 FROM {RECIPIENT} r "
        f"WHERE r.address_hash = {LOG}.address_hash AND r.suppressed_at IS NOT NULL)",
        parameters,
    )


def passed(owner: str, ids: Sequence[int]) -> Statement:
    """Ids of those rows that are past the fence, and ours."""
    return Statement(
        f"SELECT id FROM {LOG} WHERE id IN %s AND owner = %s AND status = %s",
        (tuple(ids), owner, PASS_FENCE.sets),
    )


def fence(
    session: Session, owner: str, queries: Queries, mails: Sequence[Fenced], *, lease_us: int
) -> set[int]:
    """The ids of the mails that may be handed over this very moment; one statement if all may."""
    ids = [mail.log_id for mail in mails]
    if session.run(*pass_fence(owner, queries, mails, lease_us)) == len(mails):
        return set(ids)
    return {log_id for (log_id,) in session.rows(*passed(owner, ids))}


def fence_again(session: Session, owner: str, queries: Queries, mail: Fenced, *, lease_us: int) -> bool:
    """Whether a mail that passed before may still be handed over. The new lease tells rows from unchanged ones."""
    return session.run(*pass_fence(owner, queries, [mail], lease_us, again=True)) == 1
