"""A Maildir as a mail server fills it."""

from pathlib import Path

import pytest

from mailer.mailbox import MailboxError
from mailer.mailbox.maildir import Maildir
from mailer.mailbox.messages import LONGEST


@pytest.fixture
def maildir(tmp_path: Path) -> Maildir:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    return Maildir(tmp_path)


def deliver(maildir: Maildir, name: str, text: bytes = b"hello", folder: str = "new") -> None:
    (maildir.folder / folder / name).write_bytes(text)


def fresh(maildir: Maildir, most: int = 10) -> list[bytes]:
    with maildir.opened() as store:
        return [message.raw for message in store.fresh(most)]


def files(maildir: Maildir) -> list[str]:
    return sorted(str(path.relative_to(maildir.folder)) for path in maildir.folder.glob("*/*"))


def test_what_is_settled_is_not_given_again_and_stays(maildir: Maildir) -> None:
    deliver(maildir, "1.a", b"first")
    deliver(maildir, "2.b", b"second")
    deliver(maildir, "3.c:2,R", b"third", "cur")
    with maildir.opened() as store:
        found = list(store.fresh(10))
        assert [message.raw for message in found] == [b"first", b"second", b"third"]
        found[0].settle(understood=True)
        found[1].settle(understood=False)
        found[2].settle(understood=True)
    assert files(maildir) == ["cur/1.a:2,S", "cur/2.b:2,F", "cur/3.c:2,RS"]
    assert fresh(maildir) == []


def test_what_is_not_settled_is_given_again(maildir: Maildir) -> None:
    deliver(maildir, "1.a")
    assert fresh(maildir) == fresh(maildir) == [b"hello"]


def test_no_more_are_given_than_are_wanted_the_oldest_first(maildir: Maildir) -> None:
    for number in (3, 1, 2):
        deliver(maildir, f"{number}.a", str(number).encode())
    assert fresh(maildir, 2) == [b"1", b"2"]


def test_what_is_read_or_thrown_away_by_somebody_is_left_alone(maildir: Maildir) -> None:
    for flags in "SFT":
        deliver(maildir, f"1.{flags}:2,{flags}", folder="cur")
    deliver(maildir, ".hidden")
    (maildir.folder / "new/1.folder").mkdir()
    (maildir.folder / "new/1.link").symlink_to("/etc/hostname")
    assert fresh(maildir) == []


def test_a_message_that_another_reader_takes_is_nobodys_loss(maildir: Maildir) -> None:
    deliver(maildir, "1.a")
    with maildir.opened() as store:
        (message,) = store.fresh(10)
        (maildir.folder / "new/1.a").unlink()
        message.settle(understood=True)


def test_only_the_beginning_of_a_large_message_is_read(maildir: Maildir) -> None:
    deliver(maildir, "1.a", b"a" * (LONGEST + 5))
    assert list(map(len, fresh(maildir))) == [LONGEST]


def test_what_is_no_maildir_says_so(tmp_path: Path) -> None:
    with pytest.raises(MailboxError, match="BOUNCE_MAILBOX"), Maildir(tmp_path).opened():
        pass
