"""What the sender makes of a server that says no: later, never, or to nobody."""

import pytest
from fakes.smtp_inbox import BODY, FROM, TO, Inbox, Serve, settings

from mailer import RejectedForeverError, RetryLaterError, SenderStoppedError, SmtpSender, parse_address


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("code", [450, 451, 452])
async def test_greylisting_and_other_4xx_are_tried_later_on_the_same_connection(
    serve: Serve, stage: str, code: int
) -> None:
    inbox = Inbox({stage: [f"{code} 4.7.1 greylisted, come back", "250 OK"]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(RetryLaterError, match="greylisted") as caught:
            await sender.send(FROM, TO, BODY)
        assert caught.value.code == code
        await sender.send(FROM, TO, BODY)
    assert len(inbox.sessions) == 1


@pytest.mark.parametrize("stage", ["RCPT", "DATA"])
@pytest.mark.parametrize("code", [550, 552, 554])
async def test_a_5xx_for_the_recipient_or_the_message_is_final(serve: Serve, stage: str, code: int) -> None:
    inbox = Inbox({stage: [f"{code} 5.1.1 <{TO}>: no such user", "250 OK"]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(RejectedForeverError) as caught:
            await sender.send(FROM, TO, BODY)
        assert caught.value.code == code
        assert "j***@example.org" in str(caught.value)
        assert TO not in str(caught.value)
        await sender.send(FROM, TO, BODY)
    assert len(inbox.sessions) == 1


async def test_a_used_up_daily_quota_passes(serve: Serve) -> None:
    inbox = Inbox({"DATA": ["550 5.4.5 Daily user sending limit exceeded"]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(RetryLaterError, match="sending limit"):
            await sender.send(FROM, TO, BODY)


async def test_a_refused_sender_stops_the_sender_until_it_is_verified_again(serve: Serve) -> None:
    inbox = Inbox({"MAIL": ["553 5.7.1 not owned by user", "553 5.7.1 still not", "250 OK"]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(SenderStoppedError, match=r"s\*\*\*@example\.com.*SENDER_EMAIL"):
            await sender.send(FROM, TO, BODY)
        stopped = sender.stopped
        assert stopped is not None
        with pytest.raises(SenderStoppedError, match="SENDER_EMAIL"):
            await sender.send(FROM, TO, BODY)
        assert len(inbox.sessions) == 1  # the second send did not even ask
        with pytest.raises(SenderStoppedError, match="still not"):
            await sender.verify()
        await sender.verify()
        assert sender.stopped is None
        await sender.send(FROM, TO, BODY)
    assert len(inbox.mails) == 1


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
async def test_a_421_means_later_and_on_a_new_connection(serve: Serve, stage: str) -> None:
    inbox = Inbox({stage: ["421 4.3.2 shutting down", "250 OK"]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(RetryLaterError, match="shutting down"):
            await sender.send(FROM, TO, BODY)
        await sender.send(FROM, TO, BODY)
    assert len(inbox.sessions) == 2


async def test_an_address_beyond_ascii_needs_smtputf8(serve: Serve) -> None:
    address = parse_address("josé@bücher.example").mailbox
    able, unable = Inbox(), Inbox()
    async with SmtpSender(settings(await serve(able, enable_SMTPUTF8=True))) as sender:
        await sender.send(FROM, address, BODY)
    assert able.mails[0].rcpt_tos == [address]
    assert "SMTPUTF8" in able.mails[0].mail_options
    async with SmtpSender(settings(await serve(unable))) as sender:
        with pytest.raises(RejectedForeverError, match="SMTPUTF8"):
            await sender.send(FROM, address, BODY)
        await sender.send(FROM, TO, BODY)


async def test_a_message_beyond_the_announced_size_is_refused_before_mail(serve: Serve) -> None:
    inbox = Inbox()
    large = BODY + b"x" * 1_000 + b"\r\n"
    async with SmtpSender(settings(await serve(inbox, data_size_limit=1_000))) as sender:
        await sender.send(FROM, TO, BODY)
        with pytest.raises(
            RejectedForeverError, match=r"1,0\d\d bytes .* takes 1,000 \(EHLO SIZE\)"
        ) as caught:
            await sender.send(FROM, TO, large)
        assert caught.value.code is None
        await sender.send(FROM, TO, BODY)
        assert sender.stopped is None
    assert [mail.original_content for mail in inbox.mails] == [BODY, BODY]
    assert inbox.mails[0].mail_options == [f"SIZE={len(BODY)}"]
    assert len(inbox.sessions) == len(inbox.servers) == 1


@pytest.mark.parametrize("limit", [0, None, len(BODY)])
async def test_a_size_of_nought_or_none_is_no_limit(serve: Serve, limit: int | None) -> None:
    inbox = Inbox()
    async with SmtpSender(settings(await serve(inbox, data_size_limit=limit))) as sender:
        await sender.send(FROM, TO, BODY)
    assert len(inbox.mails) == 1


async def test_a_reply_in_any_bytes_is_one_clean_line(serve: Serve) -> None:
    inbox = Inbox({"RCPT": ["550-5.1.1 über\r\n550 " + "x" * 900]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(RejectedForeverError) as caught:
            await sender.send(FROM, TO, BODY)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
