import pytest

from mailer.themes import html_source, load_theme
from mailer.themes.sources import with_blocks

TEMPLATE = "a\n{% block one %}\nold\n{% endblock %}\nz\n"


def test_a_block_is_replaced_and_the_others_stay() -> None:
    assert with_blocks(TEMPLATE, {"one": "new\n"}) == "a\nnew\nz\n"
    assert with_blocks(TEMPLATE, {}) == "a\nold\nz\n"


def test_a_block_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="no block two; the blocks are one"):
        with_blocks(TEMPLATE, {"two": ""})


def test_right_to_left_changes_sides_in_styles_and_attributes() -> None:
    there, back = html_source(load_theme(), "ltr"), html_source(load_theme(), "rtl")
    for side, other in (("left", "right"), ("right", "left")):
        assert there.count(f"text-align: {side}") == back.count(f"text-align: {other}") > 0
        assert there.count(f'align="{side}"') == back.count(f'align="{other}"')
    assert "{% block" not in there
