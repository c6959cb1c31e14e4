"""docs/links.md has code that verifies the claim, for three languages: it takes true claims, and no others."""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from fakes.pages import PUBLIC_URL, RETURN_SECRET, SHOP, settings
from parts.markup import Checkers
from parts.php import Php

from mailer.web.claims import target

pytestmark = pytest.mark.parts

PAGE = Path(__file__).parents[2] / "docs" / "links.md"
NOW = int(time.time())
GIVEN = (RETURN_SECRET, PUBLIC_URL, SHOP.url)
SAID = {"iss": PUBLIC_URL, "aud": SHOP.url, "exp": NOW + 3600, "jti": "x", "cart": "7"}


def code(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(found)


def php_reads(php: Php, token: str) -> str:
    return php.run(code("php") + "echo json_encode(cartwake_row(...array_slice($argv, 1)));", token, *GIVEN)


def node_reads(node: Checkers, token: str) -> str:
    source = code("javascript") + "console.log(JSON.stringify(cartwakeRow(...process.argv.slice(1))));"
    return node.script(source, token, *GIVEN)


def python_reads(token: str) -> str:
    room: dict[str, Any] = {}
    exec(code("python"), room)  # noqa: S102 - the page's own code is what is tested
    return json.dumps(room["cartwake_row"](token, *GIVEN))


@pytest.fixture(params=["php", "python", "javascript"])
def read(request: pytest.FixtureRequest, php_program: Php, checkers: Checkers) -> Callable[[str], Any]:
    """The row that a language's code finds in a token."""
    reads: dict[str, Callable[[str], str]] = {
        "python": python_reads,
        "php": lambda token: php_reads(php_program, token),
        "javascript": lambda token: node_reads(checkers, token),
    }
    return lambda token: json.loads(reads[request.param](token))


def unsigned(header: dict[str, str], claim: dict[str, Any], secret: bytes | None = None) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claim)]
    text = b".".join(parts)
    mac = b"" if secret is None else hmac.new(secret, text, hashlib.sha512).digest()
    return (text + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def test_a_claim_of_ours_is_taken(read: Callable[[str], Any]) -> None:
    url = target(settings(return_secret=RETURN_SECRET), SHOP, 123_456_789_012, NOW)
    (claim,) = parse_qs(urlsplit(url).query)["cartwake"]
    assert read(claim) == 123_456_789_012


def test_all_others_are_not(read: Callable[[str], Any]) -> None:
    good = jwt.encode(SAID, RETURN_SECRET, algorithm="HS256")
    assert read(good) == 7
    head, body, signature = good.split(".")
    other = jwt.encode(SAID | {"cart": "8"}, RETURN_SECRET, algorithm="HS256").split(".")[1]
    wrong = [
        "", "x", "..", "a.b.c", good[:-2], good + "x", f"{head}.{body}", f"{head}.{body}.",
        f"{head}.{other}.{signature}",
        good + ".more",
        jwt.encode(SAID, "another secret of the tests, 32 bytes", algorithm="HS256"),
        jwt.encode(SAID, RETURN_SECRET + "x" * 40, algorithm="HS512"),
        jwt.encode(SAID, "", algorithm="none"),
        unsigned({"alg": "none", "typ": "JWT"}, SAID),
        unsigned({"alg": "HS512", "typ": "JWT"}, SAID, RETURN_SECRET.encode()),
        *(
            jwt.encode(SAID | change, RETURN_SECRET, algorithm="HS256")
            for change in ({"exp": NOW - 60}, {"iss": "https://evil.example"}, {"aud": "https://evil.example"},
                           {"cart": "7 or 1=1"}, {"cart": ""})
        ),
    ]  # fmt: skip
    taken = [token for token in wrong if read(token) is not None]
    assert taken == []
