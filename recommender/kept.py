"""Built models kept in a folder: a start maps the last one instead of building it, and processes share one.

Theory of operation. What is known of the texts and what was learnt from orders are kept apart, each as arrays in a
folder of its own (an entry) whose last file is a manifest: what made it, and each file's size and checksum. An entry
is written under another name and renamed. One process at a time looks and builds, holding a lock that the kernel drops
when it dies. An entry of texts need not be of just these products: each row has its product's fingerprints, and what
differs is read anew, as it would be had it changed while the service ran. Only where too much differs a new one is
built. An entry that is no good is removed, and told of. No file is ever unpickled.
"""

import contextlib
import json
import logging
import os
import pickle
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np

from recommender.catalog import Product
from recommender.facts import UNKNOWN, Facts, in_order
from recommender.fingerprints import Fingerprints, Match, of_code
from recommender.following import room
from recommender.model import Options, Recommender
from recommender.orders import OrderLog
from recommender.similarity import SimilarityIndex
from recommender.stored import mapped_together, mapped_vectors
from recommender.subprocess_build import learn_in_subprocess, vectorise_in_subprocess
from recommender.together import Together
from recommender.vectors import Keys

logger = logging.getLogger(__name__)

WORTH_IT = 5_000
"""Products. An index of fewer is built in a second."""

ENTRIES = 2
"""Of each kind so many are kept, those that were used last."""

OFTEN = 1_000
"""Beside a running one a model may differ by one product in a thousand; else the texts are put together anew."""

_MANIFEST = "manifest.json"
_CHUNK = 1 << 20
_NEW = ".new-"

Builder = Callable[[Iterable[Product], OrderLog, Options], Recommender]


class KeptModels:
    """A ``Builder`` that keeps what it builds. Blocking, as any."""

    def __init__(self, folder: Path, otherwise: Builder) -> None:
        """``folder``: ours alone, made when missing. ``otherwise``: builds small ones, and where it can't be used."""
        self._folder = folder
        self._otherwise = otherwise
        self._is_first = True
        self._has_learnt = False

    def __call__(self, products: Iterable[Product], orders: OrderLog, options: Options) -> Recommender:
        """The model; of what ``pending`` names the texts are to be read."""
        wanted = in_order(products)
        if len(wanted) < WORTH_IT:
            return self._otherwise(wanted, orders, options)
        prints = Fingerprints.of(wanted)
        differing = room(len(wanted)) // 2 if self._is_first else len(wanted) // OFTEN
        try:
            _make(self._folder)
            with _locked(self._folder):
                model = self._model(wanted, prints, orders, options, differing)
        except (OSError, subprocess.SubprocessError, pickle.UnpicklingError, EOFError, ValueError) as error:
            logger.warning("Recommender: no index is kept in %s: %s", self._folder, error)
            return self._otherwise(wanted, orders, options)
        self._is_first, self._has_learnt = False, self._has_learnt or model.orders > 0
        return model

    def _model(
        self,
        products: Sequence[Product],
        prints: Fingerprints,
        orders: OrderLog,
        options: Options,
        differing: int,
    ) -> Recommender:
        found = self._like(prints, differing)
        if found is None or (self._has_learnt and _misses_one_that_sells(found[1], products, orders)):
            entry = self._new_entry(
                "texts", os.urandom(8).hex(), lambda to: _write_texts(to, products, prints)
            )
            match = Match.of(prints, prints)
        else:
            entry, match = found
        vectors = mapped_vectors(entry)
        ids: list[Hashable] = [UNKNOWN] * len(vectors.lost)
        here: list[Product | None] = [None] * len(ids)
        pending = []
        for product, row, same in zip(products, match.rows.tolist(), match.same.tolist(), strict=True):
            if row >= 0:
                ids[row] = product.id
            if same:
                here[row] = product
            else:
                pending.append(product)
        together = self._together(entry, ids, orders, options)
        index = SimilarityIndex(Facts(ids, here), vectors)
        return Recommender(index, together, options, 0 if together is None else len(orders), pending)

    def _together(
        self, texts: Path, ids: Sequence[Hashable], orders: OrderLog, options: Options
    ) -> Together | None:
        if not options.blend or not len(orders):
            return None
        asked = f"{texts.name} {orders.fingerprint()} {options.weights} {options.memory_mb}"
        name = blake2b(asked.encode(), digest_size=16).hexdigest()
        entry = self._folder / f"orders-{name}"
        if not entry.is_dir() or not self._is_good(entry):
            entry = self._new_entry(
                "orders", name, lambda to: learn_in_subprocess(texts, to, ids, orders, options)
            )
        return mapped_together(entry)

    def _like(self, prints: Fingerprints, differing: int) -> tuple[Path, Match] | None:
        """The entry that differs least, and how; None where all differ by more."""
        found = []
        for entry in self._entries("texts"):
            try:
                match = Match.of(prints, _fingerprints(entry))
            except Exception as error:  # noqa: BLE001 - of bytes that nobody has checked yet: anything may come
                _remove(entry, f"{type(error).__name__}: {error}")
                continue
            if match.differing <= differing:
                found.append((entry, match))
        found.sort(key=lambda one: one[1].differing)
        return next((one for one in found if self._is_good(one[0])), None)

    def _is_good(self, entry: Path) -> bool:
        """Whether all is as it was written, by this code; else it is removed."""
        try:
            manifest = json.loads((entry / _MANIFEST).read_text(encoding="utf-8"))
            if manifest == _manifest(entry):
                os.utime(entry)
                return True
            other = manifest["code"] != of_code()
            why = "another release wrote it" if other else "it is not as it was written"
        except (OSError, ValueError, KeyError, TypeError) as error:
            why = f"{type(error).__name__}: {error}"
        _remove(entry, why)
        return False

    def _new_entry(self, kind: str, name: str, write: Callable[[Path], None]) -> Path:
        for left in self._folder.glob(f"{_NEW}*"):  # by a process that was killed: we have the lock
            _clear(left)
        fresh = Path(tempfile.mkdtemp(prefix=_NEW, dir=self._folder))
        try:
            write(fresh)
            (fresh / _MANIFEST).write_text(json.dumps(_manifest(fresh)), encoding="utf-8")
            entry = fresh.rename(self._folder / f"{kind}-{name}")
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        for old in self._entries(kind)[ENTRIES:]:
            _clear(old)
        return entry

    def _entries(self, kind: str) -> list[Path]:
        """The last used first."""
        return sorted(
            self._folder.glob(f"{kind}-*"), key=lambda entry: entry.lstat().st_mtime_ns, reverse=True
        )


def _misses_one_that_sells(match: Match, products: Sequence[Product], orders: OrderLog) -> bool:
    """Whether the index has no row for a product that is in an order: nothing could be learnt of it."""
    return any(products[place].id in orders for place in np.flatnonzero(match.rows < 0).tolist())


def _write_texts(folder: Path, products: Sequence[Product], prints: Fingerprints) -> None:
    vectorise_in_subprocess(products, folder)
    for name, array in prints._asdict().items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def _fingerprints(entry: Path) -> Fingerprints:
    def array(name: str) -> Keys:
        with (entry / f"{name}.npy").open("rb") as file:  # np.load would look into archives, too
            keys: Keys = np.lib.format.read_array(file, allow_pickle=False)
            return keys

    return Fingerprints(*map(array, Fingerprints._fields))


def _manifest(entry: Path) -> dict[str, object]:
    """What made it, and size and checksum of each file but the manifest."""
    sums = {}
    for path in sorted(entry.iterdir()):
        if path.name == _MANIFEST:
            continue
        total = 0
        with path.open("rb") as file:
            while some := file.read(_CHUNK):
                total = zlib.crc32(some, total)
        sums[path.name] = [path.stat().st_size, total]
    return {"code": of_code(), "files": sums}


def _remove(entry: Path, why: object) -> None:
    logger.warning("Recommender: the kept index %s is of no use, and is removed: %s", entry, why)
    _clear(entry)


def _clear(entry: Path) -> None:
    """Remove whatever it is, if it can be; of a link no more than that."""
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            entry.unlink()


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.geteuid():
        raise PermissionError("it belongs to another user: give each its own RECOMMENDER_CACHE")
    if status.st_mode & 0o022:
        raise PermissionError("others may write there: it must be a folder of this user alone (chmod 700)")


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on the folder, which others wait for."""
    import fcntl  # noqa: PLC0415 - there is none on Windows, where nothing is kept

    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
