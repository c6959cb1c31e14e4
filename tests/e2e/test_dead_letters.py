"""`cartwake report` and `cartwake retry` as an operator calls them, and the service that sends what was put back."""

import json
from pathlib import Path
from typing import Any

import pytest
from fakes.command_line import cartwake
from fakes.waiting import wait_until


@pytest.fixture
def run(running_shop: Any, tmp_path: Path) -> Any:
    return lambda *arguments, **overrides: cartwake(
        running_shop.settings(**overrides), *arguments, folder=tmp_path
    )


def test_before_cartwake_ever_ran(run: Any, running_shop: Any) -> None:
    done = run("report")
    assert (done.returncode, done.stdout.strip()) == (0, "Cartwake never ran on this database")
    assert json.loads(run("report", "--json").stdout) is None
    done = run("retry", "--failed")
    assert (done.returncode, "never ran" in done.stderr, done.stdout) == (1, True, "")
    assert running_shop.run("SHOW TABLES LIKE 'cart_abandonment%%'") == []


def test_what_was_given_up_is_reported_put_back_and_sent(run: Any, running_shop: Any) -> None:
    first, second = running_shop.user(1), running_shop.user(2)
    service = running_shop.service_without_smtp()
    # In one statement, so that they fall due together: while the server can't be reached nothing else is begun.
    running_shop.run(
        "INSERT INTO cart (user_id, product_id, quantity) VALUES (1, %s, 1), (2, %s, 1)",
        [running_shop.product_id("Wireless Mouse")] * 2,
    )
    wait_until(lambda: [row[1] for row in running_shop.log()] == ["retry", "retry"])
    assert service.stop() == 0
    running_shop.run(
        "UPDATE cart_abandonment_log SET status = 'failed', attempts = 8, next_attempt_at = NULL"
    )
    ids = [str(row[0]) for row in running_shop.run("SELECT id FROM cart_abandonment_log ORDER BY cart_key")]

    shown = run("report", "--days", "1", "--limit", "5")
    assert shown.returncode == 0, shown.stderr
    assert "no service follows this database" in shown.stdout
    assert "Dead letters: 2" in shown.stdout
    told = json.loads(run("report", "--json").stdout)
    assert sorted(str(letter["id"]) for letter in told["letters"]) == sorted(ids)
    assert all(f"cartwake retry --id {letter['id']}" in letter["todo"] for letter in told["letters"])

    assert run("retry").returncode == 2
    wrong = run("retry", "--id", "4711")
    assert wrong.returncode == 1
    assert wrong.stdout.splitlines() == [
        "row 4711 stays as it is: there is no such row",
        "nothing was put back",
    ]

    # Without a service the next start sends it.
    done = run("retry", "--id", ids[0])
    assert done.returncode == 0, done.stderr
    assert "the next `cartwake run` sends them" in done.stdout
    running_shop.service()
    running_shop.wait_for_mail(first)
    assert running_shop.mails_to(second) == []
    # A running one takes it up at its next pass.
    done = run("retry", "--failed", "--unknown")
    assert "put back: 1 row (1 failed, 0 unknown)" in done.stdout
    assert "the running service sends them within 2 seconds" in done.stdout
    running_shop.wait_for_mail(second)
    wait_until(lambda: {row[1] for row in running_shop.log()} == {"sent"})
    assert run("retry", "--failed").stdout.strip() == "nothing to retry"
    assert len(running_shop.catcher.mails) == 2
    assert "a service follows this database" in run("report").stdout


def test_an_old_shop_is_switched_on_with_its_carts_of_the_last_hours(run: Any, running_shop: Any) -> None:
    old, older = running_shop.user(1), running_shop.user(2)
    for user, hours in ((1, 5), (2, 7)):
        running_shop.run(
            "INSERT INTO cart (user_id, product_id, created_at) VALUES (%s, 1, NOW() - INTERVAL %s HOUR)",
            (user, hours),
        )
    long = run("run", "--include-older-than", "4d")
    assert long.returncode == 2
    assert long.stderr.strip().endswith(
        "--include-older-than 4d is longer than MAX_CART_AGE_HOURS = 72: carts older than that are never mailed"
    )
    assert run("run", "--include-older-than", "soon").returncode == 2
    dry = running_shop.process(DRY_RUN="true")
    dry.start("--include-older-than", "6h")
    wait_until(lambda: "recovery.would_send" in running_shop.said)
    dry.stop()
    assert running_shop.catcher.mails == ()
    service = running_shop.process()
    service.start("--include-older-than", "6h")
    running_shop.wait_for_mail(old)
    assert running_shop.mails_to(older) == []
    assert "service.includes_older" in running_shop.said
