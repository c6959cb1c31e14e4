"""`python -m binlog_watcher` is `cartwake`."""

from binlog_watcher.commands.cli import main

if __name__ == "__main__":
    main()
