"""A built model as arrays in a folder: one process writes it, another maps it into its memory, and copies nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender.together import Together
from recommender.vectors import Vectors, Vocabulary

_MATRIX = ("data", "indices", "indptr")
_SMALL = 1 << 16
"""Bytes of a file that is read at once: a map has its cost, too."""


def write_vectors(folder: Path, vectors: Vectors) -> None:
    """Raises OSError where there is no room."""
    _write(
        folder,
        {"matrix": vectors.matrix, "inverted": vectors.inverted},
        {
            "lost": vectors.lost,
            "keys": vectors.vocabulary.keys,
            "idf": vectors.vocabulary.idf,
            "common": vectors.vocabulary.common,
        },
    )


def write_together(folder: Path, together: Together) -> None:
    """Raises OSError where there is no room."""
    _write(folder, {"weights": together.weights}, {"seen": together.seen, "bought": together.bought})


def _write(
    folder: Path, matrices: Mapping[str, sparse.csr_array], arrays: Mapping[str, npt.NDArray[Any]]
) -> None:
    whole = dict(arrays)
    for name, matrix in matrices.items():
        whole |= {f"{name}.{part}": getattr(matrix, part) for part in _MATRIX}
    for name, array in whole.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def mapped_vectors(folder: Path) -> Vectors:
    """What was written, read from the disk as it is needed; the files may be removed then (not so on Windows).

    Raises OSError or ValueError where they are none of ours.
    """
    arrays = _Arrays(folder)
    total, terms = len(arrays["lost"]), len(arrays["keys"])
    return Vectors(
        _matrix(arrays, "matrix", (total, terms)),
        _matrix(arrays, "inverted", (terms, total)),
        arrays["lost"],
        Vocabulary(arrays["keys"], arrays["idf"], total, arrays["common"]),
    )


def mapped_together(folder: Path) -> Together | None:
    """The same for what was learnt from orders; None where nothing was."""
    if not (folder / "seen.npy").exists():
        return None
    arrays = _Arrays(folder)
    total = len(arrays["bought"])
    return Together(_matrix(arrays, "weights", (total, total)), arrays["seen"], arrays["bought"])


class _Arrays(dict[str, Any]):
    """Those of a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __missing__(self, name: str) -> npt.NDArray[Any]:
        path = self._folder / f"{name}.npy"
        if not path.exists():
            raise ValueError(f"no array {name!r} in {self._folder}")
        self[name] = array = np.load(path, mmap_mode="r" if path.stat().st_size > _SMALL else None)
        return array  # type: ignore[no-any-return] # numpy says Any


def _matrix(arrays: Mapping[str, Any], name: str, shape: tuple[int, int]) -> sparse.csr_array:
    data, indices, indptr = (arrays[f"{name}.{part}"] for part in _MATRIX)
    matrix = sparse.csr_array((data, indices, indptr), shape=shape)
    matrix.has_sorted_indices = True  # told, not looked up: that would read all of it
    return matrix
