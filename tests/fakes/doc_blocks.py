"""The fenced blocks of the pages, and which test runs each: a block that none runs fails ``tests/unit/docs``.

A block is known by its page and its language: all of a page's blocks in one language are run by one test.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "tests/parts/README.md"])

TYPED = "tests/e2e/test_docs_commands.py"
ON_SERVERS = "tests/integration/commands/test_docs_sql.py"
LOOKED_AT = "tests/unit/docs/test_blocks.py"

IN_TURN = (
    "docs/alerts.md",
    "docs/api.md",
    "docs/commands.md",
    "docs/doctor.md",
    "docs/privacy.md",
    "docs/schemas.md",
    "docs/troubleshooting.md",
    "docs/upgrade.md",
)
"""Pages whose commands are typed one after the other, beside a service that has mailed customer 42."""

MAKE_SHOP_INDEXES = {
    ("docs/shops/bagisto.md", 0): "bagisto_2.sql",
    ("docs/shops/drupal-commerce.md", 0): "drupal_commerce.sql",
    ("docs/shops/magento.md", 0): "magento_2.sql",
    ("docs/shops/nopcommerce.md", 0): "nopcommerce.sql",
    ("docs/shops/opencart.md", 0): "opencart_3.sql",
    ("docs/shops/opencart.md", 1): "opencart_4_0.sql",
}
"""Which of a page's `sql` blocks are for which shop's tables, in tests/data."""

RUN_BY = {
    **dict.fromkeys([(page, "sh") for page in IN_TURN], TYPED),
    ("README.md", "sh"): TYPED,
    ("docs/first-hour.md", "sh"): TYPED,
    ("docs/high-availability.md", "sh"): TYPED,
    ("docs/removal.md", "sh"): TYPED,
    ("docs/report.md", "sql"): TYPED,
    ("docs/servers.md", "sql"): ON_SERVERS,
    ("docs/servers.md", "ini"): ON_SERVERS,
    **dict.fromkeys([(page, "sql") for page, _ in MAKE_SHOP_INDEXES], ON_SERVERS),
    ("docs/running.md", "ini"): "tests/unit/docs/test_systemd_unit.py",
    ("docs/kafka.md", "sh"): "tests/e2e/test_kafka.py",
    ("docs/kafka.md", "json"): "tests/parts/test_debezium.py",
    ("docs/links.md", "php"): "tests/parts/test_claims.py",
    ("docs/links.md", "python"): "tests/parts/test_claims.py",
    ("docs/links.md", "javascript"): "tests/parts/test_claims.py",
    ("docs/webhooks.md", "python"): "tests/integration/service/test_webhook_receiver_of_the_docs.py",
    ("docs/recommendations.md", "python"): LOOKED_AT,
    ("README.md", "python"): "tests/unit/docs/test_pages.py",
}
"""What really runs a page's blocks in a language."""

NOT_RUN_HERE = {
    ("CONTRIBUTING.md", "sh"): "builds and whole suites",
    ("docs/mutants.md", "sh"): "takes an hour",
    ("docs/dashboard.md", "sh"): "ssh to another machine",
    ("docs/first-hour.md", "console"): "a dialogue; tests/e2e/test_init.py has it",
    ("docs/installing.md", "console"): "a clone and an index; tests/parts/test_release.py installs the wheel",
    ("docs/kubernetes.md", "console"): "a registry and a cluster",
    ("docs/kafka.md", "text"): "a program of Kafka's own",
    ("docs/servers.md", "console"): "accounts in clouds",
    ("docs/nginx.md", "nginx"): "nginx",
    ("docs/dashboard.md", "nginx"): "nginx",
    ("docs/webhooks.md", "json"): "an example of what is told",
}
"""Blocks that are only looked at, and what they would need."""

ALWAYS_LOOKED_AT = {"ini", "toml", ""}
"""Settings, which are read as `cartwake run` would; TOML; pictures and what a terminal shows."""


@dataclass(frozen=True, slots=True)
class Block:
    """``number``: from 0, among the page's blocks in this language."""

    page: str
    language: str
    number: int
    text: str

    @property
    def name(self) -> str:
        """For a test's id."""
        return f"{self.page}-{self.language}-{self.number}"

    @property
    def commands(self) -> str:
        """What is typed: in a `console` block what stands behind the prompt, with the lines that go on."""
        if self.language != "console":
            return self.text
        return "\n".join(re.findall(r"^\$ ((?:.*\\\n)*.*)$", self.text, re.MULTILINE)) + "\n"


def blocks_in(text: str, page: str = "") -> list[Block]:
    """All fenced blocks of a page, in turn; a fence may be indented, behind a list's number, too."""
    found: list[Block] = []
    pattern = r"^( *)((?:\d+\. |- )?)```(\S*)\n(.*?)^ *```$"
    for indent, mark, language, body in re.findall(pattern, text, re.MULTILINE | re.DOTALL):
        plain_indent = len(indent + mark)
        number = sum(one.language == language for one in found)
        plain = re.sub(rf"^ {{{plain_indent}}}", "", body, flags=re.MULTILINE)
        found.append(Block(page, language, number, plain))
    return found


def all_blocks() -> list[Block]:
    """Of all pages."""
    return [
        block
        for page in PAGES
        for block in blocks_in(page.read_text(encoding="utf-8"), str(page.relative_to(ROOT)))
    ]


def blocks_of(page: str, language: str) -> list[str]:
    """The texts of a page's blocks in a language, in turn; at least one."""
    found = [
        block.text
        for block in blocks_in((ROOT / page).read_text(encoding="utf-8"), page)
        if block.language == language
    ]
    assert found, (page, language)
    return found
