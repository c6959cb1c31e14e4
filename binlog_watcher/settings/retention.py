"""How long rows of the log have to be kept. Pure."""

from decimal import ROUND_FLOOR, Decimal

ORDER_DAYS = 7
"""An order counts for a mail within so many days (``cart_abandonment_mails_daily``)."""

DAY_US = 24 * 3_600_000_000


def least_retention_days(
    max_cart_age_hours: Decimal, threshold_minutes: Decimal, attribution_days: int = 0
) -> int:
    """The least age of rows that may be erased, in whole days.

    Until then a mail may be under way for a cart, or an order may follow it.
    """
    in_use = (max_cart_age_hours + threshold_minutes / 60) / 24
    return max(int(in_use.to_integral_value(ROUND_FLOOR)), ORDER_DAYS, attribution_days) + 1
