"""Each fenced block of each page is run by a test; what can't be run here is looked at, as are all commands."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.doc_blocks import (
    ALWAYS_LOOKED_AT,
    LOOKED_AT,
    MAKE_SHOP_INDEXES,
    NOT_RUN_HERE,
    PAGES,
    ROOT,
    RUN_BY,
    Block,
    all_blocks,
    blocks_in,
    blocks_of,
)
from typer.main import get_command

from binlog_watcher.commands.cli import app
from binlog_watcher.settings.load import load_settings

BLOCKS = all_blocks()
NOW = [page for page in PAGES if page.name != "CHANGELOG.md"]
"""Pages that tell of the commands as they are."""
COMMANDS = [block for block in BLOCKS if block.language in {"sh", "console"}]
SETTINGS = [
    block
    for block in BLOCKS
    if block.language == "ini"
    and (block.page, block.language) not in RUN_BY
    and not block.page.startswith("docs/shops/")
]
"""Those of the shops' pages are read in test_reference.py."""
PROGRAMS = {
    "az", "cartwake", "cat", "curl", "docker", "gcloud", "git", "kubectl", "make", "mkdir", "mysql", "mysqldump",
    "pip", "pipx", "python3", "ssh", "systemctl", "uvx", "export", "$EDITOR", ".ci/run", ".venv/bin/python",
    ".venv/bin/mutmut", "/opt/cartwake/bin/pip", "sudo", "cd", "grep",
}  # fmt: skip
"""What a reader is told to call."""


def test_every_block_is_run_or_stands_among_those_that_cannot_be() -> None:
    nobody = {
        (block.page, block.language)
        for block in BLOCKS
        if (block.page, block.language) not in RUN_BY
        and (block.page, block.language) not in NOT_RUN_HERE
        and block.language not in ALWAYS_LOOKED_AT
    }
    assert nobody == set(), "say in tests/fakes/doc_blocks.py which test runs these"


def test_no_entry_is_left_of_a_block_that_went() -> None:
    there = {(block.page, block.language) for block in BLOCKS}
    assert (RUN_BY.keys() | NOT_RUN_HERE.keys()) - there == set()
    assert RUN_BY.keys() & NOT_RUN_HERE.keys() == set()
    assert len([block for block in BLOCKS if block.page.startswith("docs/shops/") and block.language == "sql"]) == len(
        MAKE_SHOP_INDEXES
    )  # fmt: skip


@pytest.mark.parametrize("file", sorted(set(RUN_BY.values())))
def test_what_runs_them_is_there_and_names_the_page(file: str) -> None:
    text = (ROOT / file).read_text()
    if "doc_blocks" not in text:
        for page in {page for (page, _), by in RUN_BY.items() if by == file}:
            assert page.removeprefix("docs/") in text


def test_a_block_behind_a_lists_number_is_found_too() -> None:
    text = "1. Do\n\n   ```sh\n   a\n   b\n   ```\n\n2. ```console\n   $ c \\\n       d\n   e\n   ```\n"
    first, second = blocks_in(text)
    assert (first.language, first.text) == ("sh", "a\nb\n")
    assert second.commands == "c \\\n    d\n"


@pytest.mark.parametrize("block", COMMANDS, ids=lambda block: block.name)
def test_a_shell_can_read_it_and_its_programs_are_known(block: Block) -> None:
    done = subprocess.run(
        ["bash", "-n"], input=block.commands, capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    calls = list(_calls(block.commands))
    assert calls
    assert [call[0] for call in calls if call[0] not in PROGRAMS] == []


@pytest.mark.parametrize("block", COMMANDS, ids=lambda block: block.name)
def test_files_of_ours_that_it_names_are_there(block: Block) -> None:
    named = re.findall(
        r"(?<![\w/.:])((?:docker|tests|mailer|binlog_watcher)/[\w./-]*|\.ci/\w+)", block.commands
    )
    assert [
        file for file in named if not (ROOT / file).exists() and not (ROOT / "binlog_watcher" / file).exists()
    ] == []


@pytest.mark.parametrize("page", NOW, ids=lambda page: str(page.relative_to(ROOT)))
def test_our_commands_and_their_options_are_there(page: Path) -> None:
    """In blocks, and between backticks."""
    text = page.read_text(encoding="utf-8")
    typed = [block for block in blocks_in(text) if block.language in {"sh", "console"}]
    found = [call for block in typed for call in _calls(block.commands)]
    found += [span.split() for span in re.findall(r"`(cartwake [^`\n]+)`", text)]
    assert [problem for call in found for problem in _unknown(call)] == []


@pytest.mark.parametrize("block", SETTINGS, ids=lambda block: block.name)
def test_settings_are_valid(block: Block, tmp_path: Path) -> None:
    secrets = iter(range(1, 99))
    text = re.sub("…", lambda _: f"{next(secrets):032x}", block.text)
    env = tmp_path / ".env"
    env.write_text(
        "MYSQL_USER=cartwake\nMYSQL_DATABASE=shop\nSENDER_EMAIL=hello@example.com\n"
        + ("" if "SMTP_HOST" in text else "SMTP_HOST=smtp.example.com\n")
        + ("" if "STORE_URL" in text else "STORE_URL=https://example.com\n")
        + "STORE_NAME=Shop\nSTORE_ADDRESS=1 Main St\nPUBLIC_URL=https://c.example.com\nWEB_PORT=8090\n"
        + text
    )
    load_settings(env, need="mysql", environ={})


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.language == "toml"], ids=lambda block: block.name
)
def test_toml_is_toml(block: Block) -> None:
    assert tomllib.loads(block.text)


def test_python_that_needs_no_server_runs(capsys: pytest.CaptureFixture[str]) -> None:
    pages = [page for (page, language), by in RUN_BY.items() if language == "python" and by == LOOKED_AT]
    for page in pages:
        for text in blocks_of(page, "python"):
            exec(compile(text, page, "exec"), {})  # noqa: S102 - our own page
            assert capsys.readouterr().out


def test_blocks_for_nginx_are_closed() -> None:
    for page in [page for page, language in NOT_RUN_HERE if language == "nginx"]:
        for text in blocks_of(page, "nginx"):
            plain = re.sub(r"#.*", "", text)
            assert plain.count("{") == plain.count("}") > 0
            lines = [line.strip() for line in plain.splitlines() if line.strip()]
            assert [line for line in lines if not line.endswith((";", "{", "}"))] == []


def _calls(text: str) -> Iterator[list[str]]:
    """Program and arguments of each command, without what is set before it."""
    plain = re.sub(r"\\\n", " ", text)
    plain = re.sub(r"(^|\s)#.*", r"\1", plain)
    for line in plain.splitlines():
        for part in re.split(r"\s(?:&&|\|\|?|;)\s", line):
            words = re.sub(r"\s*>\S+|\s*<\S+", "", part).split()
            while words and re.match(r"[A-Z_]+=", words[0]):
                words = words[1:]
            if words:
                yield words


def _unknown(call: list[str]) -> Iterator[str]:
    """Which of our commands, or of its options, are not there."""
    if call[0].rpartition("/")[2] != "cartwake":
        inner = next((at for at, word in enumerate(call) if word == "cartwake"), None)
        if inner is None or not (call[0] == "uvx" or call[inner - 1] == "--"):
            return
        call = call[inner:]
    command: Any = get_command(app)
    words = call[1:]
    while words and hasattr(command, "list_commands") and not words[0].startswith("-"):
        inner_command = command.get_command(None, words[0])
        if inner_command is None:
            if words[0] != "…":
                yield " ".join(call)
            return
        command, words = inner_command, words[1:]
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    for word in words:
        if word.startswith("--") and word.partition("=")[0].rstrip(".,`") not in known:
            yield f"{' '.join(call)}: {word}"
