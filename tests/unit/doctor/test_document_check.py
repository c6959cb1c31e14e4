"""Whether the documents of a preset can be read from the binlog."""

import pytest
from fakes.sessions import PRESET

from binlog_watcher.doctor.document_check import image_too_small, wrong_type
from binlog_watcher.shop.presets import SAMPLE, parse_schema

SESSIONS = parse_schema(PRESET, "sessions.toml")


@pytest.mark.parametrize(
    ("kind", "fits"),
    [("longtext", True), ("mediumblob", True), ("varbinary", True), ("json", False), ("int", False)],
)
def test_a_document_is_text_or_a_blob(kind: str, fits: bool) -> None:
    said = wrong_type(SESSIONS, {"sessions": {"session_value": kind}})
    assert said == (
        None
        if fits
        else f"sessions.session_value is {kind}: Cartwake reads documents that are text or a BLOB"
    )
    assert wrong_type(SAMPLE, {"cart": {"session_value": kind}}) is None


@pytest.mark.parametrize(
    ("image", "primary_key", "fits"),
    [
        ("FULL", ["session_id"], True),
        ("NOBLOB", ["session_id"], True),
        ("MINIMAL", ["session_key"], True),
        ("MINIMAL", ["session_id"], False),
    ],
)
def test_the_image_must_tell_the_key(image: str, primary_key: list[str], fits: bool) -> None:
    said = image_too_small(SESSIONS, image, primary_key)
    assert (said is None) is fits
    assert fits or "sessions.session_key is not in the primary key" in (said or "")
    assert image_too_small(SAMPLE, image, primary_key) is None
