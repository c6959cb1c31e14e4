"""Named pieces of SQL that a preset's SELECTs share."""

import pytest

from binlog_watcher.errors import ConfigError
from binlog_watcher.shop.presets import parse_schema, preset_names, preset_text

HEAD, _, REST = preset_text("sample").partition("[customers]")
PRODUCTS = REST[REST.index("[products]") :]
SELECT = "SELECT u.id AS cart, {address} AS email FROM users u WHERE u.id IN {keys}"


def preset(fragments: str, select: str = SELECT, more: str = "") -> str:
    return f"{HEAD}[customers]\nselect = '''{select}'''\n\n{PRODUCTS}\n[fragments]\n{fragments}\n{more}"


def told(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_schema(text, "my.toml")
    return [problem.removeprefix("my.toml: ") for problem in caught.value.problems]


def test_a_fragment_stands_where_its_name_does() -> None:
    fragments = (
        'address = "NULLIF({raw}, {none})"\nraw = "(SELECT a.email FROM {prefix}address a WHERE a.id = u.id)"'
    )
    schema = parse_schema(preset(fragments, more='[variables]\nprefix = "x_"\nnone = "-"'), "my.toml")
    raw = "(SELECT a.email FROM x_address a WHERE a.id = u.id)"
    assert schema.selects()["customers.select"] == SELECT.replace("{address}", f"NULLIF({raw}, {{none}})")
    assert schema.fragments == {"address": f"NULLIF({raw}, {{none}})", "raw": raw}


def test_a_comment_at_its_end_swallows_nothing() -> None:
    schema = parse_schema(preset('address = "u.email -- as it is"'), "my.toml")
    assert "u.email -- as it is\n AS email" in schema.selects()["customers.select"]


def test_all_selects_may_hold_them() -> None:
    refusal = '[[refuse]]\nselect = "SELECT 1 FROM users u WHERE {address} = {address}"\nsay = "no"\n'
    schema = parse_schema(preset('address = "u.email"', more=refusal), "my.toml")
    assert schema.refuse[0].select == "SELECT 1 FROM users u WHERE u.email = u.email"


def test_a_variable_chooses_fragments() -> None:
    choice = (
        '[choose.mails.old.fragments]\nown = "u.email"\n[choose.mails.new.fragments]\nown = "u.mail"\n'
        '[variables]\nmails = "old"'
    )
    text = preset('address = "LOWER({own})"', more=choice)
    assert "LOWER(u.email) AS email" in parse_schema(text, "my.toml").selects()["customers.select"]
    new = parse_schema(text, "my.toml", {"mails": "new"})
    assert "LOWER(u.mail) AS email" in new.selects()["customers.select"]


@pytest.mark.parametrize(
    ("fragments", "problems"),
    [
        ('adress = "u.email"', ["fragments.adress: no SELECT uses it; one has {address}: give both one name"]),
        ('address = "u.{prefix}x"\nrest = "1"\n[variables]\nprefix = ""', [
            "fragments.rest: no SELECT uses it; take it out",
        ]),
        ('address = "{other}"', [
            "customers.select: {other} is no variable; add it to [variables], or to [fragments]",
        ]),
        ('address = "u.email"\nother = "{address}"', ["fragments.other: no SELECT uses it; take it out"]),
        ('address = "LOWER({other})"\nother = "{address}"', [
            "fragments.address: holds itself, by address → other → address",
        ]),
        ('address = "u.email"\nkeys = "(1)"', ["fragments.keys: {keys} has this name; give it another"]),
        ('address = "u.email"\nprefix = "x"\n[variables]\nprefix = ""', [
            "fragments.prefix: a variable has this name; give it another",
        ]),
        ('address = " "', ["fragments.address: is empty; give a piece of SQL"]),
        ('address = "u.email"\n"the-rest" = "1"', [
            "fragments.the-rest: a name has letters, digits and _, and begins with no digit",
        ]),
        ("address = 1", ["fragments: give name = SQL text"]),
        ('address = "u.email"\n[variables]\nv = "a"\n[choose.v.a.fragments]\naddress = "1"', [
            "fragments.address: is given twice; take it out, or its choice by v",
        ]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(fragments: str, problems: list[str]) -> None:
    assert set(problems) <= set(told(preset(fragments)))


def test_fragments_that_double_each_other_are_refused() -> None:
    doubled = "\n".join(f'a{nth} = "{{a{nth + 1}}} {{a{nth + 1}}}"' for nth in range(60))
    (problem, *_) = told(preset(f'{doubled}\naddress = "{{a0}}"\na60 = "u.email"'))
    assert "characters with those that it holds" in problem


@pytest.mark.parametrize(
    ("select", "problem"),
    [
        (SELECT.replace("{address}", "'{address}'"), "stands in quotes or in a comment; take it out of them"),
        (SELECT.replace("{address}", "u.{address}"), "is a fragment and touches a name; put a space between them"),
    ],
)  # fmt: skip
def test_a_place_where_no_fragment_can_stand_is_told(select: str, problem: str) -> None:
    assert f"customers.select: {{address}} {problem}" in told(preset('address = "u.email"', select))


@pytest.mark.parametrize("name", preset_names())
def test_a_shipped_preset_keeps_its_rules_apart(name: str) -> None:
    """Its SELECTs are a screen each: what is a rule has a name."""
    selects = [part.partition('"""')[0] for part in preset_text(name).split('select = """')[1:]]
    assert all(select.count("\n") <= 60 for select in selects)
