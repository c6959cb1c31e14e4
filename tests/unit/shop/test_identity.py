"""Which presets are the same shop's, and which are another's."""

from pathlib import Path

import pytest

from binlog_watcher.shop.identity import ShopIdentity, identity_of
from binlog_watcher.shop.presets import load_schema, parse_schema, preset_text

HEADERS = """
description = "a shop of two"

[variables]
shop = 1

[cart]
table = "basket"
id = "id"
customer = "customer"
created = "made"
open = { column = "shop_id", in = [1] }

[lines]
table = "basket_line"
cart = "basket"
product = "product"
quantity = "pieces"

[orders]
table = "purchase"
id = "id"
cart = "basket"
bought_at = "made"

[customers]
table = "customer"
id = "id"
email = "email"

[products]
table = "product"
id = "id"
name = "name"
price = "price"
"""


def of(text: str = HEADERS, origin: str = "/etc/cartwake/shop.toml", **variables: int) -> ShopIdentity:
    return identity_of(parse_schema(text, origin, variables))


MINE = of()


@pytest.mark.parametrize(
    "edit",
    [('name = "name"', 'name = "title"'), ('bought_at = "made"', 'bought_at = "paid_at"'),
     ('email = "email"', 'email = "email"\nname = "name"'),
     ('created = "made"', 'created = "made"\nupdated = "moved"')],
)  # fmt: skip
def test_an_edit_leaves_it_the_same_shops(edit: tuple[str, str]) -> None:
    edited = of(HEADERS.replace(*edit))
    assert edited.id == MINE.id
    assert edited.content != MINE.content


def test_an_upgrade_leaves_it_the_same_shops() -> None:
    """What 1.0 made of this preset: the log's rows name it."""
    assert (MINE.id, MINE.content) == ("bc5230084473", "acabaa98387a")
    as_a_list = of(HEADERS.replace('{ column = "shop_id", in = [1] }', '[{ column = "shop_id", in = [1] }]'))
    assert (as_a_list.id, as_a_list.content) == (MINE.id, MINE.content)


def test_words_and_places_are_no_edit() -> None:
    moved = of(HEADERS.replace("a shop of two", "two shops"), "/srv/shop.toml")
    assert (moved.id, moved.content) == (MINE.id, MINE.content)


@pytest.mark.parametrize(
    "other",
    [of(shop=2), of(HEADERS.replace("in = [1]", "in = [2]")), of(HEADERS.replace('"basket"', '"b_basket"')),
     of(origin="/etc/cartwake/second.toml"),
     of(HEADERS.replace('created = "made"', 'created = "made"\nonly = { column = "kind", in = [1] }')),
     of(HEADERS.replace('product = "product"', 'product = "product"\nonly = { column = "kind", in = [1] }'))],
)  # fmt: skip
def test_another_number_name_or_table_is_another_shops(other: ShopIdentity) -> None:
    assert other.id != MINE.id


def test_a_renamed_file_has_the_content_that_it_had() -> None:
    assert of(origin="second.toml").content == MINE.content


def test_a_shipped_preset_is_its_name_and_variables(tmp_path: Path) -> None:
    shipped, other = (
        identity_of(load_schema("prestashop-8")),
        identity_of(load_schema("prestashop-8", {"shop": 2})),
    )
    assert shipped.id != other.id
    assert shipped.content != other.content
    changed = preset_text("prestashop-8").replace("current_state", "state")  # by a later Cartwake
    assert identity_of(parse_schema(changed, "prestashop-8")) == shipped
    assert other.description.startswith("prestashop-8, ")
    assert "shop = 2" in other.description
    copy = tmp_path / "prestashop-8.toml"
    copy.write_text(preset_text("prestashop-8"))
    assert identity_of(load_schema(str(copy))).id != shipped.id


def test_the_description_can_be_kept_in_our_table() -> None:
    described = of(origin="/etc/größe.toml").description
    assert described.isascii()
    assert len(described) <= 200
