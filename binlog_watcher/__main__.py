"""`cartwake`, and `python -m binlog_watcher`: ready for Ctrl-C before all the rest is imported."""

from binlog_watcher.importing import importing


def main() -> None:
    """Entry point."""
    with importing():
        from binlog_watcher.commands import cli  # noqa: PLC0415 - after the signal's handler
    cli.main()


if __name__ == "__main__":
    main()
