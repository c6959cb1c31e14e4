"""`cartwake`, and `python -m binlog_watcher`: ready for Ctrl-C before all the rest is imported."""

from binlog_watcher.interrupts import leaving_at_once


def main() -> None:
    """Entry point."""
    with leaving_at_once():
        from binlog_watcher.commands import cli  # noqa: PLC0415 - after the signal's handler
    cli.main()


if __name__ == "__main__":
    main()
