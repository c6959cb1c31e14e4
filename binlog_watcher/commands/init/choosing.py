"""Which preset: recognised by the shop's tables, or named."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from binlog_watcher.commands.init.answers import Answers
from binlog_watcher.commands.init.dialogue import NOTHING, tell
from binlog_watcher.doctor.recognition import Recognition, recognition
from binlog_watcher.errors import ConfigError
from binlog_watcher.shop.presets import load_schema, preset_names
from binlog_watcher.shop.recognition import Match

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

_OWN = (
    "write a preset for it in ten minutes (docs/schemas.md): `cartwake schema show sample >myshop.toml`, then "
    "`cartwake init --shop ./myshop.toml`"
)


def choose_shop(answers: Answers, session: "Connection[Cursor] | None") -> None:
    """Settle SHOP_SCHEMA and SHOP_VARIABLES. Raises ConfigError where no preset fits, and nobody names one."""
    if "SHOP_SCHEMA" in answers.known:
        answers.settings().preset()
        return
    found = recognition(session, answers.connection()) if session else None
    if found and found.fitting:
        match = _chosen(answers, found)
        if match is not None:
            _take(answers, match.preset, dict(match.variables), match.settled)
            return
    else:
        _tell_of_none(answers, found)
    _by_name(answers)


def _chosen(answers: Answers, found: Recognition) -> Match | None:
    """None: it is none of these."""
    first, *others = (match.in_words() for match in found.fitting)
    if not answers.dialogue.asks:
        tell(f"This looks like {first}.")
        if others:
            tell(f"It may also be {', or '.join(others)}: --shop NAME and SHOP_VARIABLES=… would say so.")
        return found.fitting[0]
    if not others:
        tell(f"This looks like {first}.")
        return found.fitting[0] if answers.dialogue.agree("Is that right") else None
    tell("This may be several shops; the first is the likeliest.")
    which = answers.dialogue.choose("Which is it", [first, *others, "none of these"])
    return found.fitting[which] if which < len(found.fitting) else None


def _tell_of_none(answers: Answers, found: Recognition | None) -> None:
    user, database = answers.known["MYSQL_USER"], answers.known["MYSQL_DATABASE"]
    if found is None:
        problem = (
            f"{user} can't look at the tables yet: name the preset by --shop, or an administrator by --admin"
        )
    elif not found.tables:
        problem = (
            f"there is no table in {database} that this login sees: it is empty, or the login has no right to it; name "
            "the preset by --shop, or an administrator by --admin"
        )
    else:
        problem = (
            f"{database} has {found.tables} tables, which no preset fits{_nearest(found.nearest)}; {_OWN}"
        )
    answers.dialogue.complain(problem)


def _nearest(match: Match | None) -> str:
    if match is None:
        return ""
    lacking = [*match.missing, *match.unread]
    return f" (the nearest is {match.in_words()}, but there is no {', no '.join(lacking[:4])})"


def _by_name(answers: Answers) -> None:
    tell(f"Presets: {', '.join(preset_names())}.")
    while True:
        name = answers.dialogue.ask("The preset's name, or a file (Enter: stop here)")
        if not name:
            raise ConfigError(f"no preset, and nothing was written; {_OWN}")
        try:
            schema = load_schema(name)
        except ConfigError as error:
            answers.dialogue.complain(str(error))
            continue
        variables = {}
        usual = schema.variables.get("prefix")
        if usual is not None:
            prefix = answers.dialogue.ask(f"Prefix of its tables ({NOTHING}: none)", str(usual))
            variables["prefix"] = "" if prefix == NOTHING else prefix
        try:
            load_schema(name, variables)
        except ConfigError as error:
            answers.dialogue.complain(str(error))
            continue
        _take(answers, name, {key: value for key, value in variables.items() if value != usual}, variables)
        return


def _take(answers: Answers, preset: str, variables: Mapping[str, str], settled: Iterable[str]) -> None:
    """Variables that were given go before; of the same preset's in the file those stay that are not ``settled``."""
    answers.known["SHOP_SCHEMA"] = preset
    same = answers.before.get("SHOP_SCHEMA") == preset
    before = _pairs(answers.before.get("SHOP_VARIABLES", "") if same else "")
    kept = {name: value for name, value in before.items() if name not in settled}
    _set_variables(answers, {**kept, **variables, **_pairs(answers.known.get("SHOP_VARIABLES", ""))})
    others = {
        name: value for name, value in answers.settings().preset().variables.items() if name not in settled
    }
    if others:
        listed = ", ".join(f"{name}={value}" for name, value in others.items())
        tell(f"What no table tells: {listed}. SHOP_VARIABLES sets others (cartwake schema show {preset}).")


def carry_currency(answers: Answers) -> None:
    """A preset that goes by the shop's currency goes by CURRENCY, unless another one was given.

    One that was in use stays as it was: with other variables the log's rows would be another shop's.
    """
    given = _pairs(answers.known.get("SHOP_VARIABLES", ""))
    usual = answers.settings().preset().variables.get("currency")
    currency = answers.settings().currency
    if answers.before.get("SHOP_SCHEMA") == answers.known["SHOP_SCHEMA"] or "currency" in given:
        return
    if usual and usual != currency:
        _set_variables(answers, given | {"currency": currency})


def _set_variables(answers: Answers, variables: Mapping[str, str]) -> None:
    answers.known["SHOP_VARIABLES"] = ", ".join(f"{name}={value}" for name, value in variables.items())


def _pairs(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}
