"""The pages of the dashboard, in every state, without a browser."""

import re
from html.parser import HTMLParser

import pytest
from fakes.admin import TOKEN, Clock, access_of, get, post
from fakes.dashboard import LONG, STATES, app_in
from fakes.pages import Answer

from binlog_watcher.answers.cart_seeking import Question

BEARER = {"Authorization": f"Bearer {TOKEN}"}
PATHS = ("/", "/now", "/figures", "/outcomes", "/cart?by=cart&q=4117", "/cart/story?by=cart&q=4117")


def ask(state: str, path: str) -> Answer:
    return get(app_in(state, access_of(Clock())), path, headers=BEARER)


def told(path: str, body: bytes) -> Answer:
    """What the search form is answered."""
    return post(app_in("fine", access_of(Clock())), path, body, headers=BEARER)


class Tags(HTMLParser):
    """All that a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("path", PATHS)
def test_pages_hold_nothing_that_their_policy_forbids(state: str, path: str) -> None:
    answer = ask(state, path)
    assert answer.status == 200
    for tag, attributes in Tags(answer.text).found:
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes), attributes
        for name in ("src", "href", "action", "hx-get"):
            assert (attributes.get(name) or "/").startswith(("/", "#")), attributes
        assert tag != "style"
        assert tag != "script" or attributes.get("src")
    assert "@example.com" not in answer.text.replace("***@example.com", "").replace(
        "cartwake.70.ab@shop", ""
    ).replace("&lt;a@example.com&gt;", "")


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_there_is_nothing_to_see(path: str) -> None:
    assert get(app_in("fine", access_of(Clock())), path).headers["location"] == "/login"


@pytest.mark.parametrize("path", ["/", "/now", "/outcomes"])
def test_it_only_reads(path: str) -> None:
    assert post(app_in("fine", access_of(Clock())), path, headers=BEARER).status == 405


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("fine", ["All is well: mail goes out", "€428.10", "Due in the next ten minutes", "The address had opted out"]),
        ("problems", ["No mail goes out", "The mail server takes no mail from us", "Row 70:", "40 mails wait"]),
        ("empty", ["All is well", "No cart was abandoned yet", "No cart was abandoned in these", "No cart waits"]),
        ("never_ran", ["a dry run, nothing is sent", "There is no log to count yet", "There is no log yet"]),
        ("counting", ["Starting", "The figures are being counted", "Being read", "No timers run in this instance"]),
        ("standby", ["Standing by: another instance leads", "No timers run in this instance", "€428.10"]),
        ("away", ["No mail goes out", "The log can", "and not since: MySQL at", "€428.10"]),
        ("long", [LONG.replace("&", "&amp;"), "500+", "(erased)", "¥9,876,543,210"]),
    ],
)  # fmt: skip
def test_each_state_says_what_it_is(state: str, words: list[str]) -> None:
    page = ask(state, "/").text
    for word in words:
        assert word in page


def test_a_part_that_is_asked_for_again_is_as_on_the_page() -> None:
    front = re.sub(r"\s+", " ", ask("fine", "/").text)
    for path in ("/now", "/figures", "/outcomes"):
        assert re.sub(r"\s+", " ", ask("fine", path).text).strip() in front


class TestSearch:
    def test_the_page_asks_for_the_story_when_it_is_there(self) -> None:
        page = told("/cart", b"by=address&q=jane%40example.com").text
        assert 'hx-post="/cart/story"' in page
        assert """hx-vals='{"by": "address", "q": "jane@example.com"}'""" in page
        assert '<option value="address" selected>' in page

    @pytest.mark.parametrize(
        ("query", "question"),
        [
            ("by=customer&q=%2042%20", Question(customer="42")),
            ("by=cart&q=42", Question(cart="42")),
            ("q=jane%40example.com", Question(address="jane@example.com")),
            ("by=other&q=42", Question(customer="42")),
        ],
    )
    def test_what_is_looked_for(self, query: str, question: Question) -> None:
        answer = told("/cart/story", query.encode())
        assert STATES["fine"][0].asked[-1] == question
        assert "Trail running shoes &amp; socks" in answer.text
        assert "<code>cartwake optout remove</code>" in answer.text

    def test_what_is_no_address_has_a_link_of_its_own(self) -> None:
        answer = told("/cart", b"by=cart&q=a%26b")
        assert (answer.status, answer.headers["location"]) == (303, "/cart?by=cart&q=a%26b")

    def test_an_address_in_a_link_is_not_looked_for(self) -> None:
        before = list(STATES["fine"][0].asked)
        for query in ("by=address&q=jane%40example.com", "q=jane%40example.com"):
            assert ask("fine", f"/cart/story?{query}").status == 400
            assert "jane" not in ask("fine", f"/cart?{query}").text
        assert STATES["fine"][0].asked == before

    def test_a_body_that_is_too_long_asks_nothing(self) -> None:
        assert told("/cart/story", b"by=cart&q=" + b"4" * 5000).status == 400

    def test_what_is_not_there_and_what_can_not_be_asked(self) -> None:
        assert "Looked in: cart.user_id" in ask("fine", "/cart/story?by=cart&q=1").text
        assert ask("fine", "/cart/story?by=cart&q=").status == 400
        assert "can&#39;t be reached" in ask("away", "/cart/story?by=cart&q=4117").text

    def test_what_is_typed_is_shown_as_it_is(self) -> None:
        page = ask("fine", "/cart?by=cart&q=%3Cscript%3Ealert(1)%3C/script%3E%22").text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;" in page
