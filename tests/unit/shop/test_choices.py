"""Sections of a preset that a variable chooses."""

import re

import pytest
from fakes.sessions import PRESET as DOCUMENTS

from binlog_watcher.errors import ConfigError
from binlog_watcher.shop.presets import parse_schema, preset_text

SAMPLE_ORDERS = preset_text("sample")
START, END = SAMPLE_ORDERS.index("[orders]"), SAMPLE_ORDERS.index("[customers]")
ORDERS = SAMPLE_ORDERS[START:END]
WITHOUT = SAMPLE_ORDERS[:START] + SAMPLE_ORDERS[END:]


def preset(*more: str, storage: str = "new") -> str:
    old = ORDERS.replace("[orders]", "[choose.storage.old.orders]").replace('"orders"', '"{prefix}archive"')
    return "\n".join(
        [
            WITHOUT,
            ORDERS.replace("[orders]", "[choose.storage.new.orders]"),
            old,
            *more,
            f'[variables]\nstorage = "{storage}"\nprefix = "old_"',
        ]
    )


def test_a_variable_chooses_a_section() -> None:
    assert parse_schema(preset(), "my.toml").orders.table == "orders"
    assert parse_schema(preset(storage="old"), "my.toml").orders.table == "old_archive"
    assert parse_schema(preset(), "my.toml", {"storage": "old"}).orders.table == "old_archive"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (preset(storage="gone"), "my.toml: variables.storage: is 'gone'; give one of new, old"),
        (preset("[choose.sort.a.products]"), "my.toml: choose.sort: there is no variable sort; add it to [variables]"),
        (preset(ORDERS), "my.toml: orders: is given twice; take [orders] out, or its choice by storage"),
        (preset("[choose]\nstorage.new.orders = 1").replace("[choose.storage.new.orders]", "[x]"), None),
        (WITHOUT + ORDERS + "[choose]\nprefix = 1", "my.toml: choose.prefix: give [choose.VARIABLE.VALUE.SECTION]"),
        ("choose = 1\n" + SAMPLE_ORDERS, "my.toml: choose: give [choose.VARIABLE.VALUE.SECTION]"),
    ],
)  # fmt: skip
def test_what_can_not_be_chosen_is_told(text: str, problem: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_schema(text, "my.toml")
    assert problem is None or problem in caught.value.problems, caught.value.problems


def test_what_a_document_and_a_refusal_lack_is_told_in_their_words() -> None:
    told = "cart.document.codec: is missing; give how its bytes become a document: php, php-session or json"
    with pytest.raises(ConfigError, match=re.escape(told)):
        parse_schema(DOCUMENTS.replace('codec = "php"\n', "", 1), "my.toml")
    with pytest.raises(ConfigError, match=r"cart\.document\.lines: is missing; give the path to the lines"):
        parse_schema(DOCUMENTS.replace('lines = "cart|php?.*"\n', "", 1), "my.toml")
    refusal = '[[refuse]]\nselect = "SELECT 1 FROM products WHERE id = {own}"\nsay = "no"\n'
    with pytest.raises(ConfigError, match=r"refuse\.0\.select: {own} is no variable"):
        parse_schema(DOCUMENTS + refusal, "my.toml")
