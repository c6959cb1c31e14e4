"""Two instances that elect a leader, as processes of their own; and two that do not."""

import asyncio
import http.client
import os
import signal
from typing import Any

from fakes.waiting import wait_until

from binlog_watcher.demo.process import ServiceProcess

GENEROUS_S = 40.0
"""For conditions on a busy machine. What a take-over takes is printed, not asserted."""


def health(service: ServiceProcess) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", int(service._settings["METRICS_PORT"]), timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().read().decode().strip()
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def said(service: ServiceProcess) -> str:
    return service._console.read_text()


def leads(service: ServiceProcess) -> bool:
    return service.metrics().get("cartwake_leader") == 1


def leader_and_standby(shop: Any) -> tuple[ServiceProcess, ServiceProcess]:
    leader = shop.service("--standby")
    standby = shop.process("--standby")
    standby.start()
    wait_until(lambda: "service.standby" in said(standby), GENEROUS_S, tell=lambda: shop.said)
    assert health(standby) == "standby"
    assert leads(leader)
    assert not leads(standby)
    return leader, standby


def pid(service: ServiceProcess) -> int:
    assert service.pid is not None
    return service.pid


def sent(shop: Any, count: int) -> None:
    """That many carts have been mailed, each once, and the log agrees."""
    wait_until(
        lambda: [row[1] for row in shop.log()] == ["sent"] * count and len(shop.catcher.mails) >= count,
        GENEROUS_S,
        tell=lambda: f"{shop.log()}\n{shop.said[-6000:]}",
    )
    recipients = [address for mail in shop.catcher.mails for address in mail.recipients]
    assert len(recipients) == len(set(recipients)) == count


def test_a_killed_leader_is_replaced(running_shop: Any) -> None:
    leader, standby = leader_and_standby(running_shop)
    for number in range(1, 9):
        running_shop.user(number)
        running_shop.add(number)
    os.kill(pid(leader), signal.SIGKILL)
    elected = wait_until(lambda: "service.elected" in said(standby), GENEROUS_S)
    ready = elected + wait_until(lambda: health(standby) == "ready", GENEROUS_S)
    print(f"SIGKILL of the leader: elected after {elected:.3f} s, ready after {ready:.3f} s")  # noqa: T201
    sent(running_shop, 8)
    assert leads(standby)
    leader.kill()


def test_a_frozen_leader_is_replaced_and_steps_down_when_it_wakes(running_shop: Any) -> None:
    leader, standby = leader_and_standby(running_shop)
    running_shop.user(1)
    running_shop.add(1)
    running_shop.wait_for_mail("user1@example.com")
    wait_until(lambda: [row[1] for row in running_shop.log()] == ["sent"])
    for number in range(2, 8):
        running_shop.user(number)
        running_shop.add(number)
    os.kill(pid(leader), signal.SIGSTOP)
    try:
        elected = wait_until(lambda: "service.elected" in said(standby), GENEROUS_S)
        ready = elected + wait_until(lambda: health(standby) == "ready", GENEROUS_S)
        print(f"SIGSTOP of the leader: elected after {elected:.3f} s, ready after {ready:.3f} s")  # noqa: T201
        sent(running_shop, 7)
        running_shop.user(8)
        running_shop.add(8)
    finally:
        os.kill(pid(leader), signal.SIGCONT)
    deposed = wait_until(lambda: "service.deposed" in said(leader), GENEROUS_S)
    print(f"SIGCONT of the old leader: it knew after {deposed:.3f} s")  # noqa: T201
    wait_until(lambda: health(leader) == "standby", GENEROUS_S, tell=lambda: said(leader))
    sent(running_shop, 8)
    assert said(leader).count("outcome=sent") == 1, "what it sent before it was frozen"
    assert leader.metrics()["cartwake_timers_armed"] == 0
    # It takes part again: the other one goes, and it leads.
    assert standby.stop() == 0
    asyncio.run(leader.wait_until_ready())
    running_shop.user(9)
    running_shop.add(9)
    sent(running_shop, 9)
    assert "Traceback" not in running_shop.said


def test_sigterm_of_a_standby_and_of_a_leader(running_shop: Any) -> None:
    leader, standby = leader_and_standby(running_shop)
    assert standby.stop() == 0
    assert "service.stopped" in said(standby)
    assert leads(leader)
    standby.start()
    wait_until(lambda: health(standby) == "standby", GENEROUS_S)
    assert leader.stop() == 0
    elected = wait_until(lambda: "service.elected" in said(standby), GENEROUS_S)
    print(f"SIGTERM of the leader: elected {elected:.3f} s after its end")  # noqa: T201
    running_shop.user(1)
    running_shop.add(1)
    sent(running_shop, 1)
    assert "Traceback" not in running_shop.said


def test_of_several_that_start_at_once_one_leads(running_shop: Any) -> None:
    several = [running_shop.process("--standby") for _ in range(3)]
    for one in several:
        one.start()
    wait_until(
        lambda: sorted(map(health, several)) == ["ready", "standby", "standby"],
        GENEROUS_S,
        tell=lambda: running_shop.said,
    )
    assert running_shop.said.count("service.elected") == 1
    assert sorted(map(leads, several)) == [False, False, True]


def test_a_standby_outlives_the_server(running_shop: Any) -> None:
    several = leader_and_standby(running_shop)
    running_shop.user(1)
    running_shop.add(1)
    running_shop.server.kill()
    running_shop.server.restart()
    sent(running_shop, 1)
    wait_until(
        lambda: sorted(map(health, several)) == ["ready", "standby"],
        GENEROUS_S,
        tell=lambda: running_shop.said,
    )


def test_two_leaders_send_one_mail_each_cart(running_shop: Any) -> None:
    """Neither knows of the other; all carts fall due in the same moment."""
    first, second = running_shop.service(), running_shop.service()
    count = 150
    for number in range(1, count + 1):
        running_shop.user(number)
    rows = ", ".join(f"({number}, 1)" for number in range(1, count + 1))
    running_shop.run(f"INSERT INTO cart (user_id, product_id) VALUES {rows}")
    sent(running_shop, count)
    # Who is told of a cart that it was taken has tried to send it, too.
    assert {"ready"} == {health(first), health(second)}
    shares = [said(one).count("outcome=sent") for one in (first, second)]
    print(f"two without --standby: {shares[0]} and {shares[1]} of {count} mails")  # noqa: T201
    assert sum(shares) == count
