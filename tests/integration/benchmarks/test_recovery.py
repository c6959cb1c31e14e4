"""The benchmarks of the recovery, in small: they run, and what they check they do check."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


def figures(script: str, *options: str) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / script), *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        assert {"figure", "value", "unit", "rounds", "min", "max"} == set(line) or line["value"] is None
    return {line["figure"]: line for line in lines}


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("recovery_mails")


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("recovery_sink")


@pytest.mark.timeout(400)  # the service is started seven times
def test_recovery() -> None:
    found = figures(
        "recovery.py", "--products=600", "--carts=120", "--peer-carts=60", "--rows=5000", "--rounds=1", "--seconds=3",
        "--interval=2", "--storm-seconds=1", "--memory-scale=0.005",
    )  # fmt: skip
    for name in (
        "carts_per_s", "carts_per_s_one_process", "poller_carts_per_s", "ratio_poller", "statements_per_cart",
        "lateness_p50_ms", "lateness_p99_ms", "storm_lateness_max_ms", "storm_statements", "rss_mb",
        "one_process_db_ms_per_cart", "poller_db_ms_per_poll",
    ):  # fmt: skip
        assert found[f"recovery.{name}"]["value"] > 0, name
    assert found["recovery.lateness_p50_ms"]["value"] <= found["recovery.lateness_p99_ms"]["value"]
    assert {"recovery.mb_per_million_timers", "recovery.mb_per_100k_products"} <= set(found)


def test_soak() -> None:
    found = figures("soak.py", "--products=600", "--minutes=0.15", "--rate=10", "--sample=2")
    for name in ("rss_mb", "fds", "lateness_p99_ms"):
        assert found[f"soak.{name}_first"]["value"] > 0
        assert found[f"soak.{name}_last"]["value"] > 0
    assert found["soak.mails"]["value"] == 90


def message(to: str, *, picks: int = 3, size: int = 20_000, number: int = 1) -> bytes:
    text = "".join(f"* Product {pick}\r\n" for pick in range(picks))
    return (
        f"To: {to}\r\nSubject: You left something in your cart\r\nMessage-ID: <{number}@shop.example.com>\r\n"
        'Content-Type: multipart/alternative; boundary="x"\r\n\r\n'
        f"--x\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
        f"--x\r\nContent-Type: text/html\r\n\r\n{'<p></p>' * (size // 7)}</html>\r\n--x--\r\n"
    ).encode()


def test_whole_mails_pass(mails: Any) -> None:
    caught = [
        mails.Mail(to, 1.0, message(to, number=number))
        for number, to in enumerate(("ada@example.com", "alan@example.com"))
    ]
    mails.check(caught, ["alan@example.com", "ada@example.com"], "test")


@pytest.mark.parametrize(
    ("content", "expected", "words"),
    [
        (message("ada@example.com"), ["ada@example.com", "alan@example.com"], "1 mails to 1 addresses for 2"),
        (message("ada@example.com"), ["alan@example.com"], "1 mails to 1 addresses for 1"),
        (message("alan@example.com"), ["ada@example.com"], "recipient"),
        (message("ada@example.com", picks=2), ["ada@example.com"], "plain text"),
        (message("ada@example.com", size=10_000), ["ada@example.com"], "at least 20000"),
        (message("ada@example.com").replace(b"</html>", b"       "), ["ada@example.com"], "html"),
    ],
)
def test_what_is_wrong_with_a_mail_ends_the_benchmark(
    mails: Any, content: bytes, expected: list[str], words: str
) -> None:
    with pytest.raises(SystemExit, match=words):
        mails.check([mails.Mail("ada@example.com", 1.0, content)], expected, "test")


def test_two_mails_for_one_cart_end_the_benchmark(mails: Any) -> None:
    twice = [
        mails.Mail("ada@example.com", 1.0, message("ada@example.com", number=number)) for number in (1, 2)
    ]
    with pytest.raises(SystemExit, match="1 doubled"):
        mails.check(twice, ["ada@example.com"], "test")


def test_the_sink_keeps_what_comes_in_pieces(sink: Any, tmp_path: Path) -> None:
    store = sink.Store(tmp_path)
    said: list[bytes] = []

    class Wire:
        def write(self, data: bytes) -> None:
            said.append(data)

        def close(self) -> None:
            said.append(b"closed")

    receiver = sink.Receiver(store)
    receiver.connection_made(Wire())
    session = (
        b"EHLO here\r\nMAIL FROM:<shop@example.com>\r\nRCPT TO:<ada@example.com>\r\nDATA\r\n"
        b"Subject: one\r\n\r\n..dot\r\n.\r\n"
        b"MAIL FROM:<shop@example.com>\r\nRCPT TO:<alan@example.com> NOTIFY=NEVER\r\nDATA\r\n"
        b"Subject: two\r\n.\r\nQUIT\r\n"
    )
    for start in range(0, len(session), 3):
        receiver.data_received(session[start : start + 3])
    assert said[-2:] == [b"221 bye\r\n", b"closed"]
    assert store.obey("count") == "2"
    path = Path(store.obey("take"))
    index = json.loads(path.read_text())
    content = path.with_suffix(".bin").read_bytes()
    assert [(to, content[start : start + size]) for to, _, start, size in index] == [
        ("ada@example.com", b"Subject: one\r\n\r\n..dot\r\n"),
        ("alan@example.com", b"Subject: two\r\n"),
    ]
    assert store.obey("count") == "0"
    store.close()
