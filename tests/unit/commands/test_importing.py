"""A command's imports: without garbage collection, and nothing of that is left afterwards."""

import gc
import signal

import pytest

from binlog_watcher.importing import importing


def test_nothing_is_collected_meanwhile_and_what_came_is_out_of_sight() -> None:
    before = gc.get_freeze_count()
    try:
        with importing():
            assert not gc.isenabled()
            modules: list[list[int]] = [[] for _ in range(1_000)]
        assert gc.isenabled()
        assert gc.get_freeze_count() >= before + len(modules)
    finally:
        gc.unfreeze()


def test_a_module_that_is_missing_leaves_all_as_it_was() -> None:
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(ModuleNotFoundError), importing():
        raise ModuleNotFoundError("psutil")
    gc.unfreeze()
    assert gc.isenabled()
    assert signal.getsignal(signal.SIGINT) is handler
