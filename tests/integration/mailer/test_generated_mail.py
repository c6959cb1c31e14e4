"""The mail as a whole: generated, sent, and read back."""

import datetime as dt
import email
import email.policy
import os
import pathlib
from decimal import Decimal

from fakes.smtp_inbox import FROM, TO, Inbox, Serve, settings
from fakes.store import store

from mailer import (
    DiscountTable,
    Line,
    Links,
    Pick,
    RecoveryMail,
    Renderer,
    SmtpSender,
    Tier,
    build,
    message_id,
    parse_address,
)


async def test_a_generated_mail_arrives_whole_and_a_sample_is_saved(
    serve: Serve, tmp_path: pathlib.Path
) -> None:
    shop = store(sender_email=FROM)
    lines = (
        Line("Trail Runner Backpack 28 L", "Bags", Decimal("129.90"), 1, "img/backpack.jpg"),
        Line("Merino Base Layer", "Clothing", Decimal("64.50"), 2),
    )
    picks = tuple(
        Pick(name, Decimal(price), "Outdoor")
        for name, price in (("Dry Bag", 24), ("Beanie", 29), ("Mug", 19))
    )
    table = DiscountTable((Tier(Decimal(100), Decimal(10), "SAVE10"), Tier(Decimal(500), Decimal(20))))
    unsubscribe = Links(b"0123456789abcdef", support_email="help@example.com").unsubscribe(42)
    mail = RecoveryMail(
        "José", lines, 42, unsubscribe, table.for_total(Decimal("258.90")), "These go well with it.", picks
    )
    message = build(
        Renderer(shop).render(mail),
        store=shop,
        recipient=parse_address(TO),
        recipient_name="José Núñez",
        message_id=message_id(42, "example.com"),
        date=dt.datetime(2026, 5, 17, tzinfo=dt.UTC),
        unsubscribe=unsubscribe,
    )
    inbox = Inbox()
    async with SmtpSender(settings(await serve(inbox))) as sender:
        await sender.send(FROM, TO, message)

    content = inbox.mails[0].original_content
    assert content == message
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert parsed["Subject"] == "José, you left something in your cart – 10% off"  # noqa: RUF001 - en dash
    plain, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert plain is not None
    assert html is not None
    for part in (plain, html):
        text = part.get_content()
        for wanted in ("José", "SAVE10", "$258.90", "−$25.89", "$233.01", "Return to Cart", "Dry Bag", "Mug"):  # noqa: RUF001 - minus
            assert wanted in text, (part.get_content_type(), wanted)
    assert 10_000 < len(message) < 100_000
    save_sample(pathlib.Path(os.environ.get("CARTWAKE_TEST_OUTPUT", tmp_path)), content, html.get_content())


def save_sample(folder: pathlib.Path, message: bytes, html: str) -> None:
    """For a look with a browser or a mail program: ``CARTWAKE_TEST_OUTPUT=folder make test``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sample-mail.eml").write_bytes(message)
    (folder / "sample-mail.html").write_text(html, encoding="utf-8")
    assert (folder / "sample-mail.html").stat().st_size > 10_000
