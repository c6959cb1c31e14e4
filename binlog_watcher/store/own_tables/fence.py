"""The fence: the last look at a cart, in the very statement that lets its mail out.

See docs/design-sending.md, *The fence*.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.transitions import PASS_FENCE, STAY_FENCED
from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables.log_rows import Fenced
from binlog_watcher.store.own_tables.statement import LEASE_IS_OVER, Statement, lease_end
from binlog_watcher.store.own_tables.tables import LOG, RECIPIENT
from binlog_watcher.store.shop_tables.checks import checks
from binlog_watcher.store.shop_tables.fingerprints import EMPTY_FINGERPRINT
from binlog_watcher.store.shop_tables.queries import Queries


class _Unchanged(NamedTuple):
    """``conditions``: (part of the fingerprint, SQL: it is as it was) for a row of a table; ``parameters``: theirs."""

    conditions: list[tuple[str, str]]
    parameters: dict[str, Any]


def _unchanged(queries: Queries, table: str, mails: Sequence[Fenced]) -> _Unchanged:
    """How the rows ``id`` and ``cart_key`` of a table are held against the carts that were decided on."""
    ids = [mail.log_id for mail in mails]
    parameters: dict[str, Any] = {
        **queries.constants,
        **{f"id{nth}": log_id for nth, log_id in enumerate(ids)},
    }

    def of_each(name: str, values: Sequence[Any]) -> str:
        """SQL for the one of the values that belongs to the row."""
        parameters.update({f"{name}{nth}": value for nth, value in enumerate(values)})
        numbers = range(len(ids))
        return (
            f"ELT(FIELD({table}.id, {', '.join(f'%(id{nth})s' for nth in numbers)}), "
            f"{', '.join(f'%({name}{nth})s' for nth in numbers)})"
        )

    now = checks(queries, table, [(mail.log_id, mail.cart) for mail in mails], of_each)
    parameters |= now.parameters
    prints = [mail.cart.fingerprint.split("/") + [EMPTY_FINGERPRINT] * len(now.selects) for mail in mails]
    conditions = [
        (part, f"{of_each(f'{part}_', [of_mail[nth] for of_mail in prints])} = ({select})")
        for nth, (part, select) in enumerate(now.selects)
    ]
    return _Unchanged(conditions, parameters)


def pass_fence(
    owner: str, queries: Queries, mails: Sequence[Fenced], lease_us: int, *, again: bool = False
) -> Statement:
    """Set ``sending`` where the claim is still ours and nothing has changed since the decision: cart, orders, customer.

    ``again``: they passed before and stand before DATA, which costs no further attempt. A single-table UPDATE under
    READ COMMITTED reads the shop's rows without locking them; a join would lock.
    """
    step = STAY_FENCED if again else PASS_FENCE
    conditions, parameters = _unchanged(queries, LOG, mails)
    unchanged = " ".join(f"AND {condition}" for _, condition in conditions)
    parameters |= {
        "ids": tuple(mail.log_id for mail in mails), "owner": owner, "sending": step.sets, "before": step.of_its_owner,
    }  # fmt: skip
    return Statement(
        f"UPDATE {LOG} SET status = %(sending)s, {'' if again else 'attempts = attempts + 1, '}"
        f"lease_until = {lease_end(lease_us)} "
        f"WHERE id IN %(ids)s AND owner = %(owner)s AND status IN %(before)s AND NOT {LEASE_IS_OVER} "
        f"{unchanged} AND NOT EXISTS (SELECT 1 FROM {RECIPIENT} r "
        f"WHERE r.address_hash = {LOG}.address_hash AND r.suppressed_at IS NOT NULL)",
        parameters,
    )


def unchanged_parts(queries: Queries, cart: Cart) -> Statement:
    """What the fence would compare for a cart, with or without a row: whether each part is the same. Reads only."""
    conditions, parameters = _unchanged(queries, "c", [Fenced(0, cart)])
    selected = ", ".join(f"{condition} AS `{part}`" for part, condition in conditions)
    return Statement(
        f"SELECT {selected} FROM (SELECT %(id0)s AS id, %(cart_key)s AS cart_key) c",
        parameters | {"cart_key": str(cart.key)},
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


def changed_parts(session: Session, queries: Queries, cart: Cart) -> list[str]:
    """The parts of the fingerprint by which the fence would stop the mail for a cart as it was read; writes nothing."""
    row = session.row(*unchanged_parts(queries, cart)) or ()
    return [part for part, same in zip(session.columns, row, strict=True) if not same]


def fence_again(session: Session, owner: str, queries: Queries, mail: Fenced, *, lease_us: int) -> bool:
    """Whether a mail that passed before may still be handed over. The new lease tells rows from unchanged ones."""
    return session.run(*pass_fence(owner, queries, [mail], lease_us, again=True)) == 1
