"""What the commands' parsers share: reading the settings, and writing to the terminal."""

from rich.console import Console
from rich.table import Table

from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.mistakes import Need
from binlog_watcher.settings.settings import Settings
from binlog_watcher.telemetry.logs import configure_logging, register_secret

out = Console()


def show(*parts: Table | str) -> None:
    """Print for people."""
    for part in parts:
        out.print(part, highlight=False)


def settings_of(need: Need, *, log_file: bool = False, serves: bool = False) -> Settings:
    """Parse the settings and set logging up: all of it for what ``serves``, else warnings; to a file for `run` only."""
    settings = load_settings(need=need)
    log_by(settings, log_file=log_file, serves=serves)
    return settings


def log_by(settings: Settings, *, log_file: bool = False, serves: bool = False) -> None:
    """Set logging up as the settings say; see ``settings_of``."""
    for secret in settings.secrets():
        register_secret(secret)
    configure_logging(
        settings.log_level if log_file or serves or settings.log_level == "DEBUG" else "WARNING",
        settings.log_file if log_file else None,
        max_mb=settings.log_file_max_mb,
        backups=settings.log_file_backups,
        json_lines=settings.log_format == "json",
    )
