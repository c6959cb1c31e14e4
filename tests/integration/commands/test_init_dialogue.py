"""`cartwake init` in a terminal: what is asked in turn, bad answers, Ctrl-C; and without one."""

import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fakes.command_line import cartwake
from fakes.terminal import COLUMNS, Typist, in_a_terminal

from binlog_watcher.demo import sample_shop
from binlog_watcher.demo.server import Server
from binlog_watcher.errors import INTERRUPTED


@pytest.fixture
def shop(server: Server, fresh_database: str) -> Iterator[str]:
    """The name of an account that is not there yet; a sample shop with one cart is."""
    user = f"asked{secrets.token_hex(4)}"
    with closing(server.connect(autocommit=True)) as session, session.cursor() as cursor:
        sample_shop.create(session, fresh_database, users=())
        cursor.execute("INSERT INTO users (id, name, email) VALUES (7, 'Jane Doe', 'jane@example.com')")
        cursor.execute(
            "INSERT INTO cart (user_id, product_id, created_at) VALUES (7, 1, NOW() - INTERVAL 2 HOUR)"
        )
        yield user
        cursor.execute(f"DROP USER IF EXISTS '{user}'@'%'")


def answer_about_mysql(typist: Typist, server: Server, user: str, database: str) -> None:
    typist.answer("Host of the shop's MySQL [127.0.0.1]: ")
    typist.answer("Its port [3306]: ", "1")
    typist.expect("can't be reached")
    typist.answer("Host of the shop's MySQL [127.0.0.1]: ")
    typist.answer("Its port [3306]: ", str(server.port))
    typist.answer("Account for Cartwake [cartwake]: ", user)
    typist.answer("Administrator's login (Enter: none): ", server.user)
    typist.answer("Its password, not shown: ", "not-the-password")
    typist.expect("Access denied for user")
    typist.answer("Administrator's login (Enter: none): ", server.user)
    typist.answer("Its password, not shown: ", server.password)
    typist.answer("The shop's database", database)
    typist.answer("Is that right? [Y/n]: ")


def test_from_the_first_question_to_a_mail(
    server: Server, fresh_database: str, shop: str, tmp_path: Path
) -> None:
    with in_a_terminal({}, "init", folder=tmp_path) as typist:
        answer_about_mysql(typist, server, shop, fresh_database)
        typist.answer("Its name, as customers know it: ", "Jane's #1 $hop")
        typist.answer("Its address on the web (https://…): ", "shop.example.com")
        typist.expect("✗ STORE_URL: give a web address that begins with https://")
        typist.answer("Its address on the web (https://…): ", "https://shop.example.com")
        typist.answer("The page that shows the cart [https://shop.example.com/cart]: ")
        typist.answer("Currency of its prices [USD]: ")
        typist.answer("Its postal address, which the law wants in mails: ", "1 Market Street, Sampletown")
        typist.answer("Address that mails come from: ", "hello@shop.example.com")
        typist.answer("Address that customers write to [hello@shop.example.com]: ")
        typist.answer("The mail server (smtp.example.com, or 127.0.0.1): ", "127.0.0.1")
        typist.answer("none on this machine [none]: ")
        typist.answer("Its port [25]: ", "1025")
        typist.answer("Login there (Enter: none): ", "shop")
        typist.answer("Password of that login, not shown: ", "pa$$ 'word'")
        typist.answer("Does the shop grant that? [1]: ", "4")
        typist.expect("give a number from 1 to 3")
        typist.answer("Does the shop grant that? [1]: ", "1")
        typist.answer("Code for 10 % off from 100 (Enter: it has none): ", "SAVE10")
        typist.answer("Code for 20 % off from 500 (Enter: it has none): ")
        typist.answer("Password of Cartwake's account (Enter: a random one), not shown: ")
        typist.answer(f"Shall {server.user} run them now? [Y/n]: ", "perhaps")
        typist.answer("[Y/n]: ", "y")
        typist.expect("✗ smtp.login 127.0.0.1:1025 (none): the SMTP server 127.0.0.1 port 1025 can't be")
        typist.expect("Its mail, “Jane, you left something in your cart")
        assert typist.ended() == 1, typist.shown
    written = (tmp_path / ".env").read_text()
    assert "STORE_NAME='Jane\\'s #1 $hop'" in written
    assert "DISCOUNT_TIER_1_CODE=SAVE10" in written
    for secret in (server.password, "pa$$"):
        assert secret not in typist.shown
    prose = [line for line in typist.shown.splitlines() if "GRANT" not in line and "not shown" not in line]
    assert max(map(len, prose)) <= COLUMNS


def test_ctrl_c_leaves_nothing(server: Server, fresh_database: str, shop: str, tmp_path: Path) -> None:
    with in_a_terminal({}, "init", folder=tmp_path) as typist:
        answer_about_mysql(typist, server, shop, fresh_database)
        typist.expect("Its name, as customers know it: ")
        assert typist.interrupt() == INTERRUPTED
    assert "cartwake: interrupted" in typist.shown
    assert "Traceback" not in typist.shown
    assert list(tmp_path.iterdir()) == []
    with closing(server.connect()) as session, session.cursor() as cursor:
        assert cursor.execute("SELECT 1 FROM mysql.user WHERE user = %s", (shop,)) == 0


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
def test_without_a_terminal_nothing_is_asked(server: Server, tmp_path: Path) -> None:
    done = cartwake({}, "init", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("cartwake: there is no terminal to ask in: give --yes")
    done = cartwake({}, "init", "--yes", "--port", str(server.port), "STORE_NAME=Shop", folder=tmp_path)
    assert done.returncode == 2
    assert "cartwake: SMTP_HOST is not set: give the mail server" in done.stderr
    assert "STORE_NAME" not in done.stderr
    assert list(tmp_path.iterdir()) == []
