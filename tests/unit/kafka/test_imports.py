"""Whoever follows the binlog pays nothing for Kafka."""

import subprocess
import sys


def test_a_service_without_kafka_imports_nothing_of_it() -> None:
    program = (
        "import sys\n"
        "from binlog_watcher.commands import service_cli\n"
        "print(sorted(name for name in sys.modules if name.split('.')[-1] == 'kafka' or 'confluent' in name))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
