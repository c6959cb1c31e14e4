from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer import DEFAULT_TABLE, NO_DISCOUNT, DiscountTable, Tier, round_money

D = Decimal
MONEY = st.decimals(min_value=0, max_value=10**7, places=2)


@pytest.mark.parametrize(
    ("total", "percent"),
    [("0", 0), ("99.99", 0), ("100", 10), ("100.00", 10), ("499.99", 10), ("500", 20), ("123456.78", 20)],
)
def test_the_default_tiers_begin_at_100_and_500(total: str, percent: int) -> None:
    assert DEFAULT_TABLE.for_total(D(total)).percent == percent


def test_a_tier_tells_its_code_or_the_note() -> None:
    table = DiscountTable((Tier(D(100), D(10), " SAVE10 "), Tier(D(500), D(20))), note="Ask us.")
    assert (table.for_total(D(100)).code, table.for_total(D(100)).note) == ("SAVE10", "")
    assert (table.for_total(D(500)).code, table.for_total(D(500)).note) == (None, "Ask us.")
    assert table.for_total(D(99)) == NO_DISCOUNT


def test_a_tier_of_zero_percent_is_no_discount_and_promises_no_code() -> None:
    table = DiscountTable((Tier(D(100), D(10), "A"), Tier(D(500), D(0), "B")))
    assert table.for_total(D(700)) == NO_DISCOUNT


@pytest.mark.parametrize(
    ("tiers", "complaint"),
    [
        ((Tier(D(500), D(10)), Tier(D(100), D(20))), "tier 2 starts at 100"),
        ((Tier(D(100), D(10)), Tier(D(100), D(20))), "tier 2 starts at 100"),
        ((Tier(D(100), D(101)),), "tier 1: the percentage is 101, allowed is 0 to 100"),
        ((Tier(D(100), D("100.01")),), "tier 1: the percentage is 100.01, allowed is 0 to 100"),
        ((Tier(D(100), D("-0.01")),), "percentage is -0.01"),
        ((Tier(D(100), D("NaN")),), "percentage is NaN"),
        ((Tier(D(-1), D(10)),), "amount is -1"),
        ((Tier(D("Infinity"), D(10)),), "amount is Infinity"),
    ],
)
def test_an_impossible_table_is_refused_with_the_tier_named(tiers: tuple[Tier, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        DiscountTable(tiers)


def test_a_tier_may_give_all_of_it() -> None:
    table = DiscountTable((Tier(D(0), D(100)),))
    assert table.for_total(D("19.90")).amount(D("19.90")) == D("19.90")


@pytest.mark.parametrize(
    ("total", "off"), [("100.05", "10.01"), ("100.04", "10.00"), ("333.33", "33.33"), ("499.95", "50.00")]
)
def test_the_amount_is_rounded_half_up_to_cents(total: str, off: str) -> None:
    assert DEFAULT_TABLE.for_total(D(total)).amount(D(total)) == D(off)


def test_yen_have_no_cents() -> None:
    assert DEFAULT_TABLE.for_total(D(455)).amount(D(455), "JPY") == D(46)


@given(total=MONEY)
def test_a_discount_never_exceeds_the_total_and_never_falls_below_zero(total: Decimal) -> None:
    off = DEFAULT_TABLE.for_total(total).amount(total)
    assert 0 <= off <= total
    assert off == round_money(off)


def test_a_total_above_the_ceiling_earns_no_discount() -> None:
    table = DiscountTable(DEFAULT_TABLE.tiers, ceiling=D(50_000))
    assert (table.for_total(D(50_000)).percent, table.is_too_high(D(50_000))) == (D(20), False)
    assert (table.for_total(D("50000.01")), table.is_too_high(D("50000.01"))) == (NO_DISCOUNT, True)
    assert not DEFAULT_TABLE.is_too_high(D(10) ** 9)
