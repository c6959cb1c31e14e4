"""The states of a row of ``cart_abandonment_log``, and why a cart is not mailed, or not yet. Pure."""

import enum


class Status(enum.StrEnum):
    """The states of a row of ``cart_abandonment_log``."""

    CLAIMED = "claimed"  # an instance works on it until its lease ends
    SENDING = "sending"  # past the fence: handed to SMTP
    SENT = "sent"
    RETRY = "retry"  # to be tried again at next_attempt_at
    FAILED = "failed"  # given up; `cartwake retry --failed` tries again
    SKIPPED = "skipped"  # not mailed, see reason
    UNKNOWN = "unknown"  # the connection broke inside the hand-over: counts as mailed


class Reason(enum.StrEnum):
    """Why a cart is not mailed, or not yet."""

    # logged with status skipped
    NO_ADDRESS = "no_address"
    OPTED_OUT = "opted_out"
    NO_CONSENT = "no_consent"
    ROLLOUT = "rollout"
    HOLDOUT = "holdout"
    ROLE = "role"
    ZERO_TOTAL = "zero_total"
    TOTAL_TOO_HIGH = "total_too_high"  # more than the log's column holds: no customer's cart
    UNAVAILABLE = "unavailable"
    JUST_BOUGHT = "just_bought"
    EXCLUDED_ADDRESS = "excluded_address"
    UNREADABLE = "unreadable"  # a document that nobody can tell the cart from
    BOUNCED = "bounced"  # as a failure: there is no such mailbox
    SUPERSEDED = "superseded"
    BOUGHT_MEANWHILE = "bought_meanwhile"
    EMPTIED = "emptied"
    DECLINED = (
        "declined"  # by the customer: not for this cart; or it stood there when its customer was erased
    )
    ERASED = "erased"  # its customer was erased before its mail could go out
    CLOSED = "closed"  # as long as nothing was begun for it, nothing is logged
    # logged with status unknown
    UNREPORTED = "unreported"  # its instance ended inside the hand-over, or has not told yet how that went
    # not an episode: nothing is logged
    STORE = "store"  # of a store that is not listed: may be another instance's
    EMPTY = "empty"
    GUEST = "guest"
    HANDLED = "handled"
    TOO_OLD = "too_old"
    BEFORE_ACTIVATION = "before_activation"
    # wait
    ACTIVITY = "activity"
    NO_PRODUCT = "no_product"  # not in the shop just now: it may be imported
    NO_CUSTOMER = "no_customer"
    COOLDOWN = "cooldown"
    RETRY = "retry"
    LEASED = "leased"
    ADDRESS_BUSY = "address_busy"
    SMTP_STOPPED = "smtp_stopped"
    NOT_LEADING = "not_leading"
    STOPPING = "stopping"
