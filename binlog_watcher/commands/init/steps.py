"""The way through `cartwake init`: nothing is written, and no account is made, before all is answered."""

import secrets
from collections.abc import Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

from binlog_watcher.commands.init import account, choosing, ending, looking, promises
from binlog_watcher.commands.init.answers import Answers, Question, insist_on_needed, insist_on_valid
from binlog_watcher.commands.init.dialogue import Dialogue, begin, tell
from binlog_watcher.commands.init.looking import Admin
from binlog_watcher.commands.init.promises import Promises
from binlog_watcher.commands.init.questions import ASKED, MAIL_PASSWORD, MAIL_SERVER, SHOP, TITLES
from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.env import EMPTY_MEANS_NONE
from binlog_watcher.settings.env_file import env_text, insist_on_folder, write_env
from binlog_watcher.settings.load import DEFAULT_ENV_FILE, given_in, load_settings
from binlog_watcher.settings.settings import Settings

_HEAD = """\
# Written by `cartwake init`; only you may read it. docs/settings.md has all other settings.
# Variables of the environment win over this file."""
_SECRETS = ("LINK_SECRET", "RETURN_SECRET")
"""What the pages behind links sign with."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """``given``: settings by name; ``admin``: None: to be asked for; without a name: nobody.

    ``apply``: run the statements without asking; ``replace``: an existing ``file`` may be replaced (it is kept).
    """

    given: Mapping[str, str]
    file: Path
    admin: Admin | None = None
    apply: bool = False
    promises: Promises | None = None
    replace: bool = False


def init(wishes: Wishes, dialogue: Dialogue) -> bool:
    """Ask, recognise the shop, write the file, give the account its rights, check, show a mail. Blocking.

    Whether nothing is left to be done. Raises ConfigError for what was given wrongly, before anything is written, and
    CartwakeError where a statement is refused.
    """
    before = _before(wishes, dialogue)
    not_asked = {name: text for name, text in before.items() if name not in ASKED}
    answers = Answers(dialogue, {**not_asked, **wishes.given}, before)
    insist_on_valid(answers.known)
    _ask_mail_password(answers)  # of a login that was given: settings with half of it are none
    if dialogue.asks:
        tell(
            "Enter takes what is in [brackets], and - leaves empty what may be. Nothing is written before the end."
        )
    else:
        asked = [question for _, questions in _about_mails(answers) for question in questions]
        insist_on_needed(asked, {**before, **answers.known})
    begin("The shop's MySQL")
    admin = _shop_and_account(answers, wishes.admin)
    _ask_about_mails(answers)
    choosing.carry_currency(answers)
    begin("What mails promise")
    promises.settle(answers, wishes.promises)
    begin("Cartwake's account")
    account.settle_password(answers, admin)
    settings = _written(answers, wishes)
    ready = _give_rights(settings, admin, wishes, dialogue)
    return ready and _ended(settings, wishes.file)


def _before(wishes: Wishes, dialogue: Dialogue) -> dict[str, str]:
    """What the file says that is there. Raises ConfigError where it is to stay, or can't be written."""
    insist_on_folder(wishes.file)
    if not wishes.file.exists():
        return {}
    if not wishes.replace:
        if not dialogue.asks:
            raise ConfigError(
                f"{wishes.file} is there already: --replace writes a new one that takes it over, and keeps it beside"
            )
        tell(
            f"There is {wishes.file} already. A new one takes over what it says, and it is kept beside the new one."
        )
        if not dialogue.agree("Go on"):
            raise ConfigError(f"{wishes.file} is as it was")
    return given_in(wishes.file, {})


def _about_mails(answers: Answers) -> list[tuple[str, tuple[Question, ...]]]:
    """Titles and questions; a dry run needs no mail server."""
    of_server = () if answers.settings().dry_run else MAIL_SERVER
    return [("The shop, as its mails show it", SHOP), ("The mail server", of_server)]


def _ask_about_mails(answers: Answers) -> None:
    for title, questions in _about_mails(answers):
        if questions and answers.dialogue.asks:
            begin(title)
        for question in questions:
            answers.ask(question)
    _ask_mail_password(answers)


def _ask_mail_password(answers: Answers) -> None:
    by_token = any(name.startswith(("SMTP_TOKEN", "SMTP_OAUTH")) for name in answers.known)
    if answers.known.get("SMTP_USER") and not by_token:
        answers.ask(MAIL_PASSWORD)


def _shop_and_account(answers: Answers, admin: Admin | None) -> Admin:
    session, admin = looking.reach(answers, admin)
    with closing(session) if session else nullcontext():
        looking.ask_database(answers, session, sees_all=bool(admin.name))
        choosing.choose_shop(answers, session)
    return admin


def _written(answers: Answers, wishes: Wishes) -> Settings:
    """The file. Raises ConfigError, and writes nothing, if the settings would not be taken."""
    values = {name: text for name, text in answers.known.items() if text or name in EMPTY_MEANS_NONE}
    if "PUBLIC_URL" in values:
        values |= {name: secrets.token_hex(32) for name in _SECRETS if name not in values}
    load_settings(None, need="mail", environ=values)
    sections = {
        title: {name: values.pop(name) for name in names if name in values} for title, names in TITLES.items()
    }
    kept = write_env(wishes.file, env_text(_HEAD, sections | {"Further settings": values}))
    tell(f"{wishes.file} is written{f'; the one before is {kept}' if kept else ''}.")
    if wishes.file.absolute() != Path(DEFAULT_ENV_FILE).absolute():
        tell(f"Commands look for it only with CARTWAKE_ENV_FILE={wishes.file} in the environment.")
    return load_settings(wishes.file, need="mail")


def _give_rights(settings: Settings, admin: Admin, wishes: Wishes, dialogue: Dialogue) -> bool:
    """Whether the account may log in now."""
    account.show_statements(settings)
    if admin.name and (
        wishes.apply or (dialogue.asks and dialogue.agree(f"Shall {admin.name} run them now"))
    ):
        account.give_rights(settings, admin)
        return True
    asked = False
    while (why := account.kept_out(settings)) is not None:
        if asked:
            tell(f"✗ {why}")
        tell("Let an administrator of MySQL run them, behind the one that makes the account:")
        tell("  cartwake grants --create | mysql --user=root --password")
        if not (dialogue.asks and dialogue.agree("Have they run")):
            tell("Then: cartwake schema check, and cartwake preview --newest")
            return False
        asked = True
    return True


def _ended(settings: Settings, file: Path) -> bool:
    begin("Does all fit? What cartwake doctor finds:")
    report = ending.look_at_all(file)
    if report.keeps_from_mails:
        tell(f"{file} is written. Mend what has a ✗, and type: cartwake doctor")
        return False
    shown = ending.show_mail(settings, file.parent)
    if report.exit_code:
        tell(f"{file} is written. Before it can run, mend what has a ✗, and type: cartwake doctor")
        return False
    tell("\nNext: DRY_RUN=true cartwake run    follows the shop, and sends nothing")
    tell("      cartwake run                 mails carts that are left from now on")
    return shown
