"""What the pages need of whoever keeps the mails: a Protocol, so that they know no database."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class UnavailableError(Exception):
    """Nothing can be kept or told just now: the visitor is asked to come again."""


class Kind(enum.StrEnum):
    """What was visited: the cart, a product of it, a recommended one; or the picture was loaded."""

    CART = "cart"
    ITEM = "item"
    PICK = "pick"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Visit:
    """A link that was followed, or a picture that was loaded.

    ``link_no``: which of several links of the kind, from 1; 0 where there is but one. ``flag``: why it is none of the
    customer's, if so. Nothing else of the visitor is kept.
    """

    log_id: int
    kind: Kind
    link_no: int = 0
    flag: str | None = None


class Visits(Protocol):
    """Each method blocks, may be called in any thread, and raises UnavailableError."""

    def secrets(self) -> Sequence[str]:
        """What signs the links; the last one is the newest."""

    def record(self, visit: Visit, *, max_age_s: float | None = None) -> bool:
        """Keep a visit; False, and nothing is kept, if there is no such mail or it is older than that."""

    def stop_mails(self, log_id: int) -> bool:
        """Never mail again whom this mail went to; committed on return. False if there is no such mail."""

    def leave_cart(self, log_id: int) -> bool:
        """Never mail again for what is in this mail's cart now; committed on return. False if there is none."""
