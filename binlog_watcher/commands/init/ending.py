"""The end: what the doctor says, and one mail to look at."""

import asyncio
from pathlib import Path

from binlog_watcher.commands.doctor import Report, doctor
from binlog_watcher.commands.init.dialogue import tell
from binlog_watcher.commands.preview import NoCartError, preview
from binlog_watcher.commands.terminal import out, show
from binlog_watcher.errors import CartwakeError
from binlog_watcher.settings.load import examine_settings
from binlog_watcher.settings.settings import Settings

PREVIEW = "cartwake-preview.html"


def look_at_all(env_file: Path) -> Report:
    """What `cartwake doctor` finds with the settings of the file; shown is what is not well."""
    report = doctor(examine_settings(env_file))
    show(*report.shown(encoding=out.encoding, well=False))
    return report


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
