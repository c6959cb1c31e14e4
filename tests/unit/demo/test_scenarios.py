import random
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from binlog_watcher.demo import personas
from binlog_watcher.demo.baskets import basket, total
from binlog_watcher.demo.sample_shop import SAMPLE_USERS
from binlog_watcher.demo.scenarios import KILL_AT, SCENARIOS, cast
from binlog_watcher.demo.shop_settings import Pace, service_settings, settings_for_another
from binlog_watcher.settings.load import load_settings
from mailer import InvalidAddressError, parse_address


def test_there_are_enough_shoppers_and_each_is_somebody_else() -> None:
    users = [user for part in cast() for user, _ in part.cast]

    assert len(users) >= 60
    ids = [user.id for user in users]
    assert len(set(ids)) == len(ids)
    assert not set(ids) & {user.id for user in SAMPLE_USERS}


def test_addresses_are_shared_only_on_purpose() -> None:
    shared = {(persona.email or "").lower() for persona in (*personas.COUPLES, *personas.HELD_COUPLE)} | {""}
    addresses = [(user.email or "").lower() for part in cast() for user, _ in part.cast]
    others = [address for address in addresses if address not in shared]
    assert len(set(others)) == len(others)


def test_ordinary_customers_can_be_mailed_and_the_unreachable_cannot() -> None:
    for part in cast():
        for user, persona in part.cast:
            if persona in personas.UNREACHABLE:
                with pytest.raises(InvalidAddressError):
                    parse_address(user.email)
            else:
                parse_address(user.email)


def test_every_scenario_starts_when_its_cue_allows() -> None:
    for part in cast():
        low, high = part.scenario.window
        assert low <= part.offset <= high
        if part.scenario.cue == "opening":
            assert part.offset < KILL_AT


def test_people_must_fit() -> None:
    crowded = replace(SCENARIOS[1], people=personas.STAFF)
    with pytest.raises(ValueError, match="2 people"):
        cast([crowded])


@pytest.mark.parametrize(("low", "high"), [(5, 100), (100, 500), (500, 4000), (20, 25)])
def test_baskets_stay_in_their_range(low: int, high: int) -> None:
    for seed in range(50):
        chosen = basket(random.Random(seed), low, high)
        assert low <= total(chosen) < high
        assert len({product.category for product, _ in chosen}) == 1
        assert len({product.id for product, _ in chosen}) == len(chosen)
        assert all(product.stock for product, _ in chosen)


def test_an_impossible_basket_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 2"):
        basket(random.Random(1), 1, 2)


def test_the_service_accepts_the_demos_settings() -> None:
    pace = Pace()
    environ = service_settings(
        mysql_port=3307,
        mysql_password="secret-of-the-demo",
        smtp_port=2525,
        metrics_port=9100,
        log_file=Path("x.log"),
        pace=pace,
    )
    settings = load_settings(None, environ=environ)

    assert settings.threshold_us == pace.threshold * 1_000_000
    assert abs(settings.cooldown_us - pace.cooldown * 1_000_000) < 100
    assert [tier.percent for tier in settings.tiers] == [Decimal(10), Decimal(20)]
    assert settings.exclude_roles == {"admin"}

    other = load_settings(None, environ=settings_for_another(environ))
    assert other.metrics_port is None
    assert other.log_file is None
