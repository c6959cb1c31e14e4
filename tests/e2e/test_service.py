"""From a committed cart row to one mail, with the real service, server and SMTP."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fakes.waiting import wait_until

from binlog_watcher.demo.process import free_port


def test_a_cart_becomes_one_mail(running_shop: Any) -> None:
    service = running_shop.service()
    address = running_shop.user(1, name="Ada Lovelace")
    running_shop.add(1, "Laptop")
    mail = running_shop.wait_for_mail(address)
    price = running_shop.run(
        "SELECT price FROM products WHERE id = %s", (running_shop.product_id("Laptop"),)
    )[0][0]
    assert mail.subject.startswith("Ada, you left something in your cart")
    assert mail.subject.endswith("20% off")
    html, text = mail.part("html"), mail.part("plain")
    assert f"{price:,.2f}" in html
    assert "SAVE20" in html
    assert "SAVE20" in text
    assert "Return to" in html
    assert "https://shop.example.com/cart" in html
    assert mail.message["List-Unsubscribe"].startswith("<mailto:support@shop.example.com?subject=unsubscribe")
    wait_until(lambda: running_shop.log() == [("1", "sent", None, 1)])
    assert service.metrics()["cartwake_mails_total"] == 1
    assert len(running_shop.catcher.mails) == 1


def test_an_order_stops_the_mail_and_others_get_theirs(running_shop: Any) -> None:
    running_shop.service()
    buyer, leaver = running_shop.user(1), running_shop.user(2)
    running_shop.add(1)
    running_shop.run("INSERT INTO orders (user_id, total_amount) VALUES (1, 10)")
    running_shop.add(2)
    running_shop.wait_for_mail(leaver)
    assert running_shop.mails_to(buyer) == []
    assert [row[0] for row in running_shop.log()] == ["2"]


def test_nobody_is_forgotten_or_mailed_twice_over_a_crash(running_shop: Any) -> None:
    service = running_shop.service()
    before, down = running_shop.user(1), running_shop.user(2)
    mailed = running_shop.user(3)
    running_shop.add(3)
    running_shop.wait_for_mail(mailed)
    wait_until(lambda: ("3", "sent", None, 1) in running_shop.log())
    running_shop.add(1)
    service.kill()
    running_shop.add(2)
    running_shop.service()
    running_shop.wait_for_mail(before)
    running_shop.wait_for_mail(down)
    assert len(running_shop.catcher.mails) == 3


def test_sigterm_ends_it_in_order(running_shop: Any) -> None:
    service = running_shop.service()
    running_shop.user(1)
    running_shop.add(1)
    assert service.stop() == 0
    assert "service.stopped" in running_shop.said
    assert "Traceback" not in running_shop.said


def test_mysql_gone_and_back(running_shop: Any) -> None:
    running_shop.service()
    before, after = running_shop.user(1), running_shop.user(2)
    running_shop.add(1)
    running_shop.server.kill()
    running_shop.server.restart()
    running_shop.add(2)
    running_shop.wait_for_mail(before, 40)
    running_shop.wait_for_mail(after, 40)
    assert len(running_shop.catcher.mails) == 2


def test_without_smtp_the_row_can_be_retried(running_shop: Any) -> None:
    address = running_shop.user(1)
    service = running_shop.service_without_smtp()
    running_shop.add(1)
    wait_until(lambda: running_shop.log() == [("1", "retry", "smtp_stopped", 0)])
    wait_until(lambda: service.metrics().get("cartwake_sender_stopped") == 1)
    wait_until(lambda: service.metrics().get("cartwake_ready") == 0)
    service.stop()
    running_shop.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6)")
    running_shop.service()
    running_shop.wait_for_mail(address)
    wait_until(lambda: running_shop.log() == [("1", "sent", None, 1)])
    # A connection that fails is nobody's attempt.
    assert running_shop.run("SELECT attempts FROM cart_abandonment_log") == [(1,)]


def test_without_smtp_at_the_start_nothing_is_begun_and_the_next_start_sends(running_shop: Any) -> None:
    address = running_shop.user(1)
    service = running_shop.process(SMTP_PORT=str(free_port()))
    service.start()
    wait_until(lambda: "smtp.not_usable" in running_shop.said)
    running_shop.add(1)
    wait_until(lambda: service.metrics().get("cartwake_timers_armed") == 1)
    wait_until(lambda: service.metrics().get("cartwake_sender_stopped") == 1)
    wait_until(lambda: service.metrics().get("cartwake_ready") == 0)
    service.stop()
    assert running_shop.log() == []
    running_shop.service()
    running_shop.wait_for_mail(address)


def test_a_broken_gemini_costs_the_text_only(running_shop: Any) -> None:
    requests: list[bytes] = []

    class Broken(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append(self.rfile.read(int(self.headers["Content-Length"])))
            answer = json.dumps(
                {"error": {"code": 500, "message": "internal", "status": "INTERNAL"}}
            ).encode()
            self.send_response(500)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    gemini = ThreadingHTTPServer(("127.0.0.1", 0), Broken)
    threading.Thread(target=gemini.serve_forever, daemon=True).start()
    try:
        running_shop.service(
            GEMINI_API_KEY="AIza-made-up-key-0123456789",
            GEMINI_ENDPOINT=f"http://127.0.0.1:{gemini.server_port}",
        )
        address = running_shop.user(1)
        running_shop.add(1)
        mail = running_shop.wait_for_mail(address, 40)
    finally:
        gemini.shutdown()
        gemini.server_close()
    assert requests, "Gemini was not asked"
    assert b"user1@example.com" not in b"".join(requests)
    assert mail.part("plain")
    assert "gemini.fallback" in running_shop.said
    assert "AIza-made-up" not in running_shop.said
    assert "user1@" not in running_shop.said


def test_one_bad_cart_never_holds_up_the_next(running_shop: Any) -> None:
    running_shop.run("ALTER TABLE products MODIFY price DECIMAL(10,2) NULL")
    running_shop.run("UPDATE products SET price = NULL WHERE id = 1")
    running_shop.service()
    running_shop.user(1)
    good = running_shop.user(2, name="<b>Robert'); DROP TABLE users;--</b>")
    running_shop.run("INSERT INTO cart (user_id, product_id) VALUES (1, 1), (2, 2)")
    mail = running_shop.wait_for_mail(good)
    assert "<b>Robert" not in mail.part("html")
    assert "what=unreadable" in running_shop.said


def test_a_dry_run_mails_and_writes_nothing(running_shop: Any) -> None:
    running_shop.service(DRY_RUN="true")
    running_shop.user(1)
    running_shop.add(1)
    wait_until(lambda: "recovery.would_send" in running_shop.said)
    assert running_shop.catcher.mails == ()
    assert running_shop.run("SHOW TABLES LIKE 'cart_abandonment%'") == []


def test_two_services_on_one_shop_send_one_mail_each_cart(running_shop: Any) -> None:
    running_shop.service()
    running_shop.service()
    addresses = [running_shop.user(number) for number in range(1, 13)]
    for number in range(1, 13):
        running_shop.add(number)
    for address in addresses:
        running_shop.wait_for_mail(address)
    wait_until(lambda: len([row for row in running_shop.log() if row[1] == "sent"]) == 12)
    assert len(running_shop.catcher.mails) == 12
