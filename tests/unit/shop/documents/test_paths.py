from typing import Any

import pytest
from pydantic import ValidationError

from binlog_watcher.shop.documents.paths import Decode, Each, Key, Path, parse_path
from binlog_watcher.shop.documents.preset import DocumentColumn


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("cart", [Key(b"cart")]),
        ("cart|php?.*", [Key(b"cart"), Decode("php", optional=True), Each()]),
        ("*", [Each()]),
        ("*.a.*", [Each(), Key(b"a"), Each()]),
        ("|base64|php.data", [Decode("base64"), Decode("php"), Key(b"data")]),
        ('bdata."order.product.productid"', [Key(b"bdata"), Key(b"order.product.productid")]),
        ('"a ""b"" * | @c".0', [Key(b'a "b" * | @c'), Key(b"0")]),
        ("größe", [Key("größe".encode())]),
        ('""', [Key(b"")]),
    ],
)
def test_paths(text: str, steps: list[Any]) -> None:
    assert parse_path(text) == Path(tuple(steps))


def test_paths_of_a_line() -> None:
    assert parse_path("@key", in_line=True) == Path((), of_key=True)
    assert parse_path("@value", in_line=True) == Path(())
    assert parse_path("price.unitPrice", in_line=True).steps == (Key(b"price"), Key(b"unitPrice"))


@pytest.mark.parametrize(
    ("text", "in_line", "message"),
    [
        ("", False, "an empty path"),
        ("a..b", False, r"can't be read from '\.\.b' on"),
        (".a", False, r"can't be read from '\.a' on"),
        ("a.", False, r"can't be read from '\.' on"),
        ("a b", False, "can't be read from ' b' on"),
        ('a."b', False, "can't be read from '.\"b' on"),
        ("a|rot13", False, r"step '\|rot13': 'rot13' is no codec; there are: base64, deflate, json, php"),
        ("a|base64?", False, r"step '\|base64\?': 'base64' can't be told from other text"),
        ("a|", False, r"can't be read from '\|' on"),
        ("@key", False, "step '@key': @key and @value stand alone, in a path of a line"),
        ("a.@value", True, "step '@value'"),
        ("@what", True, "step '@what'"),
        ("a.*", True, r"step '\*': a line has one of each"),
        ("*.*.*.*", False, "at most 32 steps and 3 times"),
        (".".join("a" * 33), False, "at most 32 steps"),
    ],
)
def test_a_bad_step_is_named(text: str, in_line: bool, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_path(text, in_line=in_line)


GOOD: dict[str, Any] = {"column": "c", "codec": "php", "lines": "a.*", "product": "p", "quantity": "q"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"lines": "a"}, "needs a \\* where the lines are"),
        ({"email": "a.*.b"}, "there is one of it; name a key, such as 0 for the first"),
        ({"product": "a.*"}, "a line has one of each"),
        ({"codec": []}, "then one format"),
        ({"codec": "zlib"}, "then one format"),
        ({"codec": ["php", "zlib"]}, "then one format"),
        ({"codec": ["php", "json"]}, "then one format"),
        ({"codec": "rar"}, "'rar' is no codec"),
        ({"price": "a", "total": "b"}, "price or total, not both"),
        ({"only": {"path": "a.*", "in": [1]}}, "a line has one of each"),
        ({"only": {"path": "a"}}, "one of: in"),
        ({"column": "a.b"}, "a table or column name"),
        ({"sku": "a"}, "Extra inputs"),
    ],
)
def test_a_preset_that_is_wrong_says_what(changed: dict[str, Any], message: str) -> None:
    assert DocumentColumn.model_validate(GOOD).plan.paths.quantity == Path((Key(b"q"),))
    with pytest.raises(ValidationError, match=message):
        DocumentColumn.model_validate(GOOD | changed)
