"""A theme of one's own, shown by `cartwake theme preview` on a free port of 127.0.0.1."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes.store import store

from mailer.theme_preview import PreviewServer
from mailer.themes.starting import begin_theme


@contextmanager
def previewed(folder: Path, base: str) -> Iterator[PreviewServer]:
    """The server of a new theme in ``folder`` that begins as ``base``."""
    begin_theme(folder, base, [])
    with PreviewServer(store(), str(folder)) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join(10)
