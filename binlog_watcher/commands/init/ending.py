"""The end: what a start would say, and one mail to look at."""

import asyncio
from pathlib import Path

from binlog_watcher.commands.init.dialogue import tell
from binlog_watcher.commands.preview import NoCartError, preview
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.errors import CartwakeError, ConfigError
from binlog_watcher.settings.promises import in_words, unconfirmed
from binlog_watcher.settings.settings import Settings

PREVIEW = "cartwake-preview.html"


def fits(settings: Settings) -> bool:
    """Whether nothing stands in the way of a start; says what does, and what could be better."""
    try:
        facts = check_server(
            settings.connection,
            settings.preset(),
            writes=not settings.dry_run,
            slow_tables=settings.allow_slow_tables,
        )
    except CartwakeError as error:
        for problem in error.problems if isinstance(error, ConfigError) else [str(error)]:
            tell(f"✗ {problem}")
        return False
    name = "MariaDB" if facts.flavor == "mariadb" else "MySQL"
    tell(
        f"✓ {name} {facts.version}: its binlog, the account's rights and the shop's tables are as they must be."
    )
    for warning in facts.warnings:
        tell(f"! {warning}")
    if missing := unconfirmed(settings):
        tell(f"! {in_words(missing)}")
    tell("`cartwake doctor` looks at all the rest, too: mail server, DNS, pages, disk.")
    return True


def show_mail(settings: Settings, folder: Path) -> bool:
    """Write the newest cart's mail to a file; whether that went well. A shop without carts is well, too."""
    try:
        found = asyncio.run(preview(settings))
    except NoCartError:
        tell(
            "There is no cart in the shop yet, so there is no mail to look at. Put something into one, and type: "
            f"cartwake preview --newest --html {PREVIEW}"
        )
        return True
    except CartwakeError as error:
        tell(f"✗ the newest cart's mail: {error}")
        return False
    tell(f"The newest cart: {found.decision}.")
    if found.mail is None:
        tell(f"It has no mail. Later carts have: cartwake preview --newest --html {PREVIEW}")
        return True
    path = folder / PREVIEW
    try:
        path.write_text(found.mail.html, encoding="utf-8")
    except OSError as error:
        tell(f"✗ {path}: can't be written ({error.strerror})")
        return False
    tell(f"Its mail, “{found.mail.subject}”, is in {path}: open it in a browser.")
    return True
