"""What `cartwake run` is asked for, before anything is opened."""

from decimal import Decimal

import pytest

from binlog_watcher.commands.run import include_older_us
from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.settings import Settings

HOUR = 3_600_000_000


def test_how_far_back_may_be_asked_for() -> None:
    settings = Settings(max_cart_age_hours=Decimal(72))
    assert include_older_us(settings, None) == 0
    assert include_older_us(settings, "3d") == 72 * HOUR
    with pytest.raises(ConfigError, match="--include-older-than 73 is longer than MAX_CART_AGE_HOURS = 72"):
        include_older_us(settings, "73")
    with pytest.raises(ConfigError, match="'soon' is no span of time"):
        include_older_us(settings, "soon")
