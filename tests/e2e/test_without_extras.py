"""What somebody has who ran `pip install .`: none of the extras, and no clone around."""

import subprocess
import sys
from pathlib import Path

import pytest

EXTRAS = ("aiosmtpd", "confluent_kafka", "dkim", "google", "hypothesis", "msgspec", "pytest")


def cartwake(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command, where nothing that only an extra brings can be imported."""
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({EXTRAS!r})); sys.argv[0] = 'cartwake'\n"
        "from binlog_watcher.__main__ import main\nmain()"
    )
    return subprocess.run(
        [sys.executable, "-P", "-c", program, *arguments],
        cwd=folder, env={"PATH": "/usr/bin:/bin", "COLUMNS": "200", **settings},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_demo_says_in_one_line_what_it_needs(tmp_path: Path) -> None:
    done = cartwake(tmp_path, "demo")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        f"cartwake: the demo's mail catcher needs aiosmtpd: {sys.executable} -m pip install aiosmtpd "
    )
    assert "'.[demo]' in its source" in line


@pytest.mark.parametrize(
    "command", ["run", "preview", "explain", "report", "web", "grants", "theme", "optout"]
)
def test_the_other_commands_need_none(tmp_path: Path, command: str) -> None:
    done = cartwake(tmp_path, command, "--help")
    assert done.returncode == 0, done.stderr


def test_gemini_and_dkim_say_how_to_get_them_from_an_index_and_from_the_source() -> None:
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({EXTRAS!r}))\n"
        "from recommender.gemini_sdks import _load\nfrom mailer.dkim_signing import _library\n"
        "for load in (lambda: _load('google.genai', extra='genai'), _library):\n"
        "    try: load()\n    except Exception as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    gemini, dkim = done.stdout.splitlines()
    for extra, line in (("genai", gemini), ("dkim", dkim)):
        assert f"{sys.executable} -m pip install " in line
        assert f"'.[{extra}]' in its source" in line
        assert f"'cartwake[{extra}]' from an index" in line


def test_the_other_sdk_of_gemini_is_named_where_it_is_installed() -> None:
    code = (
        "import sys; sys.modules['google.generativeai'] = None\n"
        "from recommender.gemini_sdks import _load\n"
        "try: _load('google.generativeai', extra='gemini')\nexcept Exception as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert "set GEMINI_SDK=google-genai, which is installed; or " in done.stdout


def test_a_member_of_a_kafka_group_says_in_one_line_what_it_needs(tmp_path: Path) -> None:
    given = {
        "MYSQL_USER": "cartwake", "MYSQL_DATABASE": "shop", "SENDER_EMAIL": "shop@shop.test", "SMTP_HOST": "localhost",
        "STORE_NAME": "Example Shop", "STORE_URL": "https://shop.test", "STORE_ADDRESS": "1 Example Street",
        "SUPPORT_EMAIL": "help@example.com", "CART_URL": "https://shop.test/cart", "LOG_FILE": "",
    }  # fmt: skip
    done = cartwake(tmp_path, "run", "--source", "kafka", **given)
    assert done.returncode == 2
    *_, line = done.stderr.splitlines()
    assert line.startswith("cartwake: --source kafka needs confluent-kafka: ")
    assert "'cartwake[kafka]'" in line
