"""Answers: what is known is not asked for, a bad one is asked for again, and what is lacking is told at once."""

import pytest
from fakes.dialogue import Script

from binlog_watcher.commands.init.answers import Answers, Question, insist_on_needed, insist_on_valid
from binlog_watcher.commands.init.dialogue import Unattended
from binlog_watcher.commands.init.questions import ACCOUNT, MAIL_PASSWORD, MAIL_SERVER, SERVER, SHOP
from binlog_watcher.errors import ConfigError


def question(name: str) -> Question:
    return next(one for one in (*SERVER, *ACCOUNT, *SHOP, *MAIL_SERVER, MAIL_PASSWORD) if one.name == name)


def test_a_bad_answer_is_asked_for_again_with_what_is_wrong() -> None:
    script = Script("eighty", "70000", "3307")
    answers = Answers(script)
    assert answers.ask(question("MYSQL_PORT")) == "3307"
    assert script.complaints == ["MYSQL_PORT: give a whole number from 1 up to 65535"] * 2
    assert answers.known == {"MYSQL_PORT": "3307"}


def test_what_is_needed_can_not_be_left_empty_and_what_is_not_can() -> None:
    script = Script("", "1 Main St", "-")
    answers = Answers(script, before={"SMTP_USER": "old"})
    assert answers.ask(question("STORE_ADDRESS")) == "1 Main St"
    assert script.complaints == [
        "STORE_ADDRESS: give the shop's postal address, which the law wants in such mails"
    ]
    assert answers.ask(question("SMTP_USER")) == ""


def test_what_is_known_is_not_asked_for_and_what_was_before_is_proposed() -> None:
    script = Script("", "")
    answers = Answers(
        script, {"MYSQL_HOST": "db.example.com"}, {"MYSQL_PORT": "3310", "MYSQL_PASSWORD": "old secret"}
    )
    assert answers.ask(question("MYSQL_HOST")) == "db.example.com"
    assert answers.ask(question("MYSQL_PORT")) == "3310"
    assert answers.ask(question("MYSQL_PASSWORD")) == "old secret"
    assert script.asked == [
        "Its port [3310]",
        "Password of Cartwake's account (Enter: the one before) [hidden]",
    ]


def test_defaults_follow_from_the_answers_before() -> None:
    answers = Answers(Unattended(), {"STORE_URL": "https://shop.example.com/", "SMTP_HOST": "localhost"})
    assert answers.ask(question("CART_URL")) == "https://shop.example.com/cart"
    assert answers.ask(question("SMTP_TLS")) == "none"
    assert answers.ask(question("SMTP_PORT")) == "25"


def test_answers_must_go_together() -> None:
    script = Script("none", "starttls")
    answers = Answers(script, {"SMTP_HOST": "smtp.example.com"})
    assert answers.ask(question("SMTP_TLS")) == "starttls"
    assert "none would send passwords and addresses to smtp.example.com in the clear" in script.complaints[0]


def test_where_nobody_is_asked_all_that_is_lacking_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        insist_on_needed(
            (*SHOP, *MAIL_SERVER), {"STORE_NAME": "Shop", "STORE_URL": "https://shop.example.com"}
        )
    assert [line.partition(" ")[0] for line in caught.value.problems[:-1]] == [
        "STORE_ADDRESS", "SENDER_EMAIL", "SMTP_HOST",
    ]  # fmt: skip


def test_all_that_was_given_wrongly_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        insist_on_valid({"MYSQL_PORT": "0", "CURRENCY": "EURO", "STORE_NAME": "'Shop'", "MYSQL_USER": "ok"})
    assert [line.partition(":")[0] for line in caught.value.problems] == [
        "MYSQL_PORT",
        "CURRENCY",
        "STORE_NAME",
    ]
    assert "without them" in caught.value.problems[2]


def test_a_bad_answer_where_nobody_is_asked() -> None:
    answers = Answers(Unattended(), {"SMTP_USER": "shop"})
    with pytest.raises(ConfigError, match="SMTP_PASSWORD: give it"):
        answers.ask(MAIL_PASSWORD)
