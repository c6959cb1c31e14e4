"""A mailbox on a real IMAP server."""

import imaplib
import ssl
from collections.abc import Callable, Iterator

import pytest
from fakes.returned_mail import NAMES, specimen
from parts.dovecot import PASSWORD, USER, Dovecot

from mailer import Links, MailIds
from mailer.bounces import Kind, read_mail
from mailer.headers import field, mailbox_field
from mailer.mailbox import MailboxError
from mailer.mailbox.imap import ImapMailbox
from mailer.mailbox.messages import LONGEST

pytestmark = pytest.mark.parts

SECRET = "a secret for tests only"
SUBJECTS = (
    "カートに商品が残っています。今なら10%オフ、ご注文をお待ちしております",
    "نسيت شيئًا في سلتك، وخصم عشرة بالمئة بانتظارك حتى نهاية الأسبوع",
    "השארתם משהו בעגלה, והנחה של עשרה אחוזים מחכה לכם עד סוף השבוע",
    "🛒👍🏽🇩🇪 Jürgen, you left “things” in your cart 🛒👍🏽🇩🇪🛒👍🏽🇩🇪🛒",
)
IDS, LINKS = MailIds(SECRET), Links(SECRET, support_email="help@example.com")


@pytest.fixture(autouse=True)
def _empty(imap_server: Dovecot) -> Iterator[None]:
    yield
    imap_server.empty()


def mailbox(
    server: Dovecot, *, password: str = PASSWORD, folder: str = "INBOX", context: ssl.SSLContext | None = None
) -> ImapMailbox:
    trust = context or server.trust
    return ImapMailbox("127.0.0.1", server.port, USER, password, folder, tls_context=trust)


def take(
    server: Dovecot, *, understood: Callable[[bytes], bool] = lambda _raw: True, most: int = 100
) -> list[bytes]:
    """Read and settle what is new."""
    taken = []
    with mailbox(server).opened() as store:
        for message in store.fresh(most):
            message.settle(understood=understood(message.raw))
            taken.append(message.raw)
    return taken


def test_every_specimen_arrives_as_it_was_and_once(imap_server: Dovecot) -> None:
    sent = {name: specimen(name, IDS, LINKS) for name in NAMES}
    for name, raw in sent.items():
        imap_server.deliver(raw, f"1.{name}")
    assert sorted(take(imap_server)) == sorted(sent.values())
    assert take(imap_server) == []


def test_what_is_for_a_person_is_flagged_and_stays_unread(imap_server: Dovecot) -> None:
    for name in ("person", "postfix-unknown"):
        imap_server.deliver(specimen(name, IDS, LINKS), f"1.{name}")
    taken = take(
        imap_server, understood=lambda raw: read_mail(raw, IDS, LINKS).kind is not Kind.OTHER
    )  # fmt: skip
    assert len(taken) == 2
    assert take(imap_server) == []
    with imaplib.IMAP4_SSL("127.0.0.1", imap_server.port, ssl_context=imap_server.trust) as client:
        client.login(USER, PASSWORD)
        client.select(readonly=True)
        flags = {
            search: client.search(None, search)[1][0].split()
            for search in ("FLAGGED UNSEEN", "UNFLAGGED SEEN", "ALL")
        }
    assert [len(found) for found in flags.values()] == [1, 1, 2]


def test_what_was_not_settled_is_given_again(imap_server: Dovecot) -> None:
    imap_server.deliver(b"Subject: one\r\n\r\nhello\r\n", "1.a")
    for _ in range(2):
        with mailbox(imap_server).opened() as store:
            assert [message.raw for message in store.fresh(10)] == [b"Subject: one\r\n\r\nhello\r\n"]


def test_only_the_beginning_of_a_large_mail_is_fetched(imap_server: Dovecot) -> None:
    imap_server.deliver(b"Subject: large\r\n\r\n" + b"aaaaaaaa\r\n" * 200_000, "1.large")
    assert list(map(len, take(imap_server))) == [LONGEST]


def test_no_more_are_taken_than_are_wanted_the_oldest_first(imap_server: Dovecot) -> None:
    for number in range(5):
        imap_server.deliver(b"Subject: %d\r\n\r\n\r\n" % number, f"1{number}.a")
        take(imap_server, most=0)  # has the server give it its number
    found = [*take(imap_server, most=2), *take(imap_server, most=2), *take(imap_server, most=2)]
    assert found == [b"Subject: %d\r\n\r\n\r\n" % number for number in range(5)]


def test_any_folder_is_one(imap_server: Dovecot) -> None:
    name = "R\u00fcckl\u00e4ufer & \u53f0"
    with imaplib.IMAP4_SSL("127.0.0.1", imap_server.port, ssl_context=imap_server.trust) as client:
        client.login(USER, PASSWORD)
        assert client.create('"R&APw-ckl&AOQ-ufer &- &U,A-"')[0] == "OK"
    with mailbox(imap_server, folder=name).opened() as store:
        assert list(store.fresh(10)) == []


@pytest.mark.parametrize("subject", SUBJECTS)
def test_subject_and_sender_in_every_script_are_found_by_a_real_server(
    imap_server: Dovecot, subject: str
) -> None:
    """Dovecot searches what it has decoded; a word or a letter cut in two would not be found."""
    sender = subject[:40]
    head = field("Subject", subject) + mailbox_field("From", "shop@example.com", sender)
    imap_server.deliver(head.encode() + b"\r\nhello\r\n", "1.script")
    imap_server.deliver(b"Subject: another\r\nFrom: shop@example.com\r\n\r\nhello\r\n", "2.other")
    with imaplib.IMAP4_SSL("127.0.0.1", imap_server.port, ssl_context=imap_server.trust) as client:
        client.login(USER, PASSWORD)
        client.select(readonly=True)
        for where, text in (("SUBJECT", subject), ("FROM", sender)):
            client.literal = text.encode()  # type: ignore[assignment]  # imaplib's way to send what is not ASCII
            assert client.search("UTF-8", where) == ("OK", [b"1"])


def test_what_is_wrong_is_told_with_what_to_do(imap_server: Dovecot) -> None:
    imap_server.deliver(b"\r\n", "1.a")
    wrong = "not the password at all"
    for broken, advice in (
        (mailbox(imap_server, password=wrong), "BOUNCE_PASSWORD"),
        (mailbox(imap_server, folder="Nowhere"), "no folder 'Nowhere'"),
        (mailbox(imap_server, context=ssl.create_default_context()), "TLS with 127.0.0.1"),
        (ImapMailbox("127.0.0.1", 1, USER, PASSWORD), "can't be reached"),
        (ImapMailbox("nowhere.invalid", 993, USER, PASSWORD), "can't be reached"),
    ):
        with pytest.raises(MailboxError, match=advice) as caught, broken.opened():
            pass
        assert wrong not in str(caught.value)
        assert PASSWORD not in str(caught.value)


def test_a_server_that_goes_away_leaves_the_rest_for_later(imap_server: Dovecot) -> None:
    for number in range(3):
        imap_server.deliver(b"Subject: %d\r\n\r\n\r\n" % number, f"1{number}.a")
    taken = []

    def understood(raw: bytes) -> bool:
        taken.append(raw)
        imap_server.stop()
        return True

    with pytest.raises(MailboxError):
        take(imap_server, understood=understood)
    imap_server.start()
    assert len(taken) == 1
    assert len(take(imap_server)) == 3, "the one in hand was not settled, and is given again"
