"""Whatever colour a shop has, what stands on it or is written in it can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.themes.colours import DARK_PANEL, PANEL, contrast, mixed, parse_colour, shades

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(COLOURS)
def test_every_shade_can_be_read(colour: str) -> None:
    made = shades(colour)
    assert contrast(made.solid, made.on_solid) >= 4.5
    assert min(contrast(made.text, ground) for ground in (PANEL, made.tint)) >= 4.5
    assert min(contrast(made.dark_text, ground) for ground in (DARK_PANEL, made.dark_tint)) >= 4.5


@pytest.mark.parametrize("colour", ["#15803d", "#000000", "#ffff00", "#1d4ed8", "#be123c"])
def test_a_brands_colour_stays_as_it_is(colour: str) -> None:
    assert shades(colour).solid == colour


def test_contrast_is_that_of_wcag() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48
    assert contrast("#123456", "#123456") == 1


def test_mixing_and_parsing() -> None:
    assert mixed("#000000", "#ffffff", 0.5) == "#808080"
    assert parse_colour("#AbC") == "#aabbcc"
    for text in ("", "abc", "#ab", "#abcdg0", "#abcdef0", "rgb(0,0,0)"):
        with pytest.raises(ValueError, match="is no colour"):
            parse_colour(text)
