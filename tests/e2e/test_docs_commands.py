"""What the pages tell to type, typed: every `sh` block of those pages, and the README's table of questions."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.doc_blocks import IN_TURN, blocks_of
from fakes.preloaded import preloaded
from fakes.waiting import wait_until

from binlog_watcher.demo.process import free_port
from binlog_watcher.settings.grants import OWN_VIEWS

pytestmark = pytest.mark.parametrize("server", ["mysql"], indirect=True)

ROOT = Path(__file__).parents[2]
SHOWN_PORT = "9108"
SHOWN_ADMIN_PORT = "8091"
TOKEN = "0123456789abcdef0123456789abcdef"
ASKED_OF_THE_MACHINE = {
    "git": r"-C /opt/cartwake/source pull",
    "pip": r"install --upgrade /opt/cartwake/source\[genai\]",
    "systemctl": r"restart cartwake|disable --now cartwake",
    "mysqldump": r"--user=root --single-transaction shop( cart_abandonment_\w+)+",
}
"""Programs of the machine, and what they may be asked for; tables that a dump names must be there."""

YES = """#!/bin/sh
if [ "$1" = erase ]; then echo y | loaded-cartwake "$@"
else exec loaded-cartwake "$@"; fi
"""
"""Somebody who says yes to what `erase` asks."""

MYSQL = f"""#!{sys.executable}
import os, re, sys
import pymysql
assert sys.argv[1:] == ["--user=root"], sys.argv
connection = pymysql.connect(
    host="127.0.0.1", port=int(os.environ["ROOTS_PORT"]), user=os.environ["ROOTS_USER"],
    password=os.environ["ROOTS_PASSWORD"], autocommit=True)
with connection.cursor() as cursor:
    for statement in re.sub(r"^--.*$", "", sys.stdin.read(), flags=re.MULTILINE).split(";"):
        if statement.strip():
            cursor.execute(statement)
"""


def answers(page: str = "README.md") -> list[str]:
    """The commands of a page's table of questions: what begins a cell's first code span."""
    table = re.split(
        r"^\|[^|]+\| the command that answers it \|.*\n", (ROOT / page).read_text(), flags=re.MULTILINE
    )[1]
    rows = table.split("\n\n")[0].splitlines()[1:]
    return [re.findall(r"`([^`]+)`", row.split("|")[2])[0] for row in rows]


class Desk:
    """Where an operator types: the programs that the pages name, a shop with customer 42, a service that runs."""

    def __init__(self, shop: Any, folder: Path, cartwake: str) -> None:
        self.shop = shop
        self.folder = folder
        (folder / "bin").mkdir(parents=True)
        self._program("loaded-cartwake", cartwake)
        self._program("cartwake", YES)
        self._program("mysql", MYSQL)
        for name in ASKED_OF_THE_MACHINE:
            self._program(name, f'#!/bin/sh\necho {name} "$@" >>{folder}/asked\n')
        self.account = f"desk{shop.database[-6:]}"
        shop.run(f"CREATE USER '{self.account}'@'%' IDENTIFIED BY 'desk-pass-1'")
        self.port = free_port()
        self.environ = {
            **shop.settings(
                MYSQL_USER=self.account, MYSQL_PASSWORD="desk-pass-1", METRICS_PORT=str(self.port)
            ),
            "PATH": f"{folder}/bin:/usr/bin:/bin", "COLUMNS": "200", "PYTHONUTF8": "1", "HOME": str(folder),
            "ADMIN_PORT": str(free_port()), "ADMIN_TOKEN": TOKEN[::-1], "API_TOKENS": f"desk:write:{TOKEN}",
            "TOKEN": TOKEN, "EDITOR": "true",
            "ROOTS_PORT": str(shop.server.port), "ROOTS_USER": shop.server.user, "ROOTS_PASSWORD": shop.server.password,
        }  # fmt: skip
        self.type("cartwake grants | mysql --user=root")
        shop.user(42, "jane@example.com", "Jane Doe")

    def _program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def start(self) -> None:
        """The service, and then a cart."""
        self.shop.service(
            **{
                name: self.environ[name]
                for name in self.environ
                if name.startswith(("MYSQL_U", "MYSQL_PA", "METRICS", "ADMIN", "API"))
            }
        )
        self.shop.add(42, "Laptop")

    def type(self, text: str) -> str:
        """Run a block as it stands, but for where programs and the port are; what it prints."""
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", self.here(text)],
            cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (text, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout

    def here(self, text: str) -> str:
        ports = {SHOWN_PORT: self.port, SHOWN_ADMIN_PORT: self.environ.get("ADMIN_PORT", SHOWN_ADMIN_PORT)}
        for shown, port in ports.items():
            text = text.replace(f":{shown}/", f":{port}/")
        return text.replace("/opt/cartwake/bin/", "")

    def run_until_ready(self, command: str) -> None:
        """A command that goes on until it is stopped."""
        with subprocess.Popen(
            ["/bin/sh", "-c", f"exec env {self.here(command)}"],
            cwd=self.folder, env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            healthy = ["curl", "-s", "--fail", f"http://127.0.0.1:{self.port}/readyz"]
            wait_until(lambda: subprocess.run(healthy, capture_output=True, check=False).returncode == 0, 60)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0

    def asked(self) -> list[str]:
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(scope="module")
def cartwake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with preloaded(tmp_path_factory.mktemp("preloaded")) as program:
        yield program


@pytest.fixture
def desk(running_shop: Any, tmp_path: Path, cartwake: str) -> Any:
    made = Desk(running_shop, tmp_path / "desk", cartwake)
    yield made
    running_shop.run(f"DROP USER IF EXISTS '{made.account}'@'%'")


def answer_of_the_machine(desk: Desk) -> None:
    """What programs of the machine were asked for is what they have."""
    tables = {row[0] for row in desk.shop.run("SHOW TABLES LIKE 'cart\\_abandonment%'")}
    for line in desk.asked():
        program, _, arguments = line.partition(" ")
        assert re.fullmatch(ASKED_OF_THE_MACHINE[program], arguments), line
        if program == "mysqldump":
            assert set(re.findall(r"cart_abandonment_\w+", arguments)) == tables - set(OWN_VIEWS)


def test_each_question_and_each_point_of_the_owners_checklist_has_an_answer(desk: Desk) -> None:
    """What both tables ask is typed once. The checklist comes first: it takes nobody's mails away."""
    points, questions = answers("docs/checklist.md"), answers()
    assert len(points) >= 20
    assert len(questions) >= 9
    desk.start()
    desk.shop.wait_for_mail("jane@example.com")
    said = {command: desk.type(command) for command in points}
    assert "0 failed" in said["cartwake doctor"]
    assert "jane" in said["cartwake export --address jane@example.com"]
    assert "sent" in said["cartwake report --days 30"]
    assert "jane@example.com" not in said["cartwake report --days 30"]
    assert "DROP TABLE" in said["cartwake uninstall"]
    assert len(desk.shop.mails_to("you@example.com")) == 1
    served = [command for command in questions if "cartwake run" not in command and command not in points]
    said |= {command: desk.type(command) for command in served}
    assert said["curl -s http://127.0.0.1:9108/readyz"].startswith("ready")
    assert "the mail server took the mail" in said["cartwake explain --address jane@example.com"]
    assert "you@example.com" in said["cartwake preview --user 42 --send-to you@example.com"]
    assert len(desk.shop.mails_to("you@example.com")) == 2
    assert desk.shop.run(
        "SELECT COUNT(*) FROM cart_abandonment_recipient WHERE suppressed_at IS NOT NULL"
    ) == [(1,)]
    answer_of_the_machine(desk)


def test_the_answer_that_goes_on_until_it_is_stopped(desk: Desk) -> None:
    (command,) = [command for command in answers() if "cartwake run" in command]
    desk.run_until_ready(command)


def test_what_the_other_pages_tell_to_type(desk: Desk) -> None:
    desk.start()
    desk.shop.wait_for_mail("jane@example.com")
    # Whoever is erased is known no more: that page comes last.
    for page in sorted(IN_TURN, key=lambda page: page == "docs/privacy.md"):
        if page == "docs/privacy.md":
            (report,) = blocks_of("docs/report.md", "sql")
            assert desk.shop.run(report) == []
        for block in blocks_of(page, "sh"):
            desk.type(block)
    assert desk.shop.run("SELECT user_id FROM cart_abandonment_log") == [(None,)]
    answer_of_the_machine(desk)


def test_what_the_readme_tells_to_type(desk: Desk) -> None:
    """Its first block builds; `init` is what the first hour has, and the next test."""
    desk.shop.add(42, "Laptop")
    builds, tried = blocks_of("README.md", "sh")
    assert {line.split()[0] for line in builds.splitlines()} == {"make"}
    init, *lines = [line.partition("#")[0].strip() for line in tried.splitlines()]
    assert init == "cartwake init"
    (standby,) = blocks_of("docs/high-availability.md", "sh")
    for line in (*lines, standby.strip()):
        if "cartwake run" not in line:
            desk.type(line)
        elif "ROLLOUT" not in line:  # that one the page of the first hour has, too
            desk.run_until_ready(line)
    assert len(desk.shop.mails_to("you@example.com")) == 1


def test_the_first_hour(desk: Desk) -> None:
    shop = desk.shop
    shop.add(42, "Laptop")
    *steps, alone = blocks_of("docs/first-hour.md", "sh")
    for block in steps:
        if "cartwake run" in block:
            desk.run_until_ready(block.strip())
        else:
            desk.type(block)
    assert len(shop.mails_to("you@example.com")) == 1
    server = shop.server
    for shown, here in {
        "the password of root": server.password,
        "--admin root": f"--admin {server.user}",
        "db.example.com": f"{server.host} --port {server.port}",
        "--database shop": f"--database {shop.database}",
        "SMTP_HOST=127.0.0.1": f"SMTP_HOST=127.0.0.1 SMTP_TLS=none SMTP_PORT={desk.environ['SMTP_PORT']}",
    }.items():
        assert shown in alone
        alone = alone.replace(shown, here)
    desk.environ = {name: desk.environ[name] for name in ("PATH", "COLUMNS", "PYTHONUTF8", "HOME")}
    try:
        assert "Its mail, “Jane, you left something in your cart" in desk.type(alone)
    finally:
        shop.run("DROP USER IF EXISTS 'cartwake'@'%'")
    assert (desk.folder / ".env").exists()


def test_the_page_about_removing_leaves_nothing(desk: Desk) -> None:
    desk.start()
    desk.shop.wait_for_mail("jane@example.com")
    for block in blocks_of("docs/removal.md", "sh"):
        desk.type(block)
    assert desk.shop.run("SHOW TABLES LIKE 'cart\\_abandonment%'") == []
    assert (desk.folder / "optouts.csv").exists()
    with pytest.raises(AssertionError, match="Access denied"):
        desk.type("cartwake report")
    answer_of_the_machine(desk)
