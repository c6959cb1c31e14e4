from pathlib import Path

from binlog_watcher.demo.catcher import CaughtMail
from binlog_watcher.demo.reading import read_mail, read_page

RAW = (
    b"From: shop@example.com\r\nTo: Ada <ada@example.com>\r\nMessage-ID: <1@example.com>\r\n"
    b"List-Unsubscribe: <mailto:support@example.com>\r\n"
    b"Subject: =?utf-8?q?Ada=2C_you_left_something?=\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nTotal $5.00\r\n"
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Total <b>$5.00</b></p>\r\n--b--\r\n"
)


def test_a_mail_is_read_as_a_customer_sees_it() -> None:
    mail = read_mail(CaughtMail(3, 12.5, "shop@example.com", ("ada@example.com",), RAW, Path("0003.eml")))

    assert (mail.number, mail.arrived_at, mail.address) == (3, 12.5, "ada@example.com")
    assert mail.subject == "Ada, you left something"
    assert mail.page == "Total $5.00"
    assert mail.text.strip() == "Total $5.00"
    assert mail.header_to == "Ada <ada@example.com>"
    assert mail.unsubscribe == "<mailto:support@example.com>"
    assert mail.active == ()


def test_only_visible_text_is_read() -> None:
    page = (
        "<head><title>no</title><style>p{}</style></head><body><p>Sch&ouml;n &amp; gut</p><!-- no --></body>"
    )
    assert read_page(page)[0] == "Schön & gut"


def test_active_markup_is_found() -> None:
    page = '<p onclick="x()">a</p><a href=" JavaScript:alert(1)">b</a><script>c</script><img src=x onerror=d>'
    _, active = read_page(page)
    assert active == ("<p onclick=…>", "<a href=…>", "<script>", "<img onerror=…>")


def test_escaped_markup_is_harmless() -> None:
    text, active = read_page("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>")
    assert text == "<script>alert(1)</script>"
    assert active == ()


def test_products_on_the_page_are_known_by_name() -> None:
    page = b"<p>HD Webcam, 4K Conference Webcam and a Guitar Strings Light Gauge!</p>"
    raw = RAW.replace(b"<p>Total <b>$5.00</b></p>", page)
    mail = read_mail(CaughtMail(1, 0.0, "", ("a@example.com",), raw, Path("x")))
    assert mail.products == {"HD Webcam", "4K Conference Webcam", "Guitar Strings Light Gauge"}
