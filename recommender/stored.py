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


def write(folder: Path, vectors: Vectors, together: Together | None) -> None:
    """Raises OSError where there is no room."""
    matrices = {"matrix": vectors.matrix, "inverted": vectors.inverted}
    arrays: dict[str, npt.NDArray[Any]] = {
        "lost": vectors.lost,
        "keys": vectors.vocabulary.keys,
        "idf": vectors.vocabulary.idf,
        "common": vectors.vocabulary.common,
    }
    if together is not None:
        matrices["weights"] = together.weights
        arrays |= {"seen": together.seen, "bought": together.bought}
    for name, matrix in matrices.items():
        arrays |= {f"{name}.{part}": getattr(matrix, part) for part in _MATRIX}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def mapped(folder: Path) -> tuple[Vectors, Together | None]:
    """What was written, read from the disk as it is needed; the files may be removed then (not so on Windows).

    Raises OSError or ValueError where they are none of ours.
    """
    arrays = {
        path.name.removesuffix(".npy"): np.load(path, mmap_mode="r" if path.stat().st_size > _SMALL else None)
        for path in folder.glob("*.npy")
    }
    try:
        total, terms = len(arrays["lost"]), len(arrays["keys"])
        vectors = Vectors(
            _matrix(arrays, "matrix", (total, terms)),
            _matrix(arrays, "inverted", (terms, total)),
            arrays["lost"],
            Vocabulary(arrays["keys"], arrays["idf"], total, arrays["common"]),
        )
        if "seen" not in arrays:
            return vectors, None
        weights = _matrix(arrays, "weights", (total, total))
        return vectors, Together(weights, arrays["seen"], arrays["bought"])
    except KeyError as error:
        raise ValueError(f"no array {error} in {folder}") from error


def _matrix(arrays: Mapping[str, Any], name: str, shape: tuple[int, int]) -> sparse.csr_array:
    data, indices, indptr = (arrays[f"{name}.{part}"] for part in _MATRIX)
    matrix = sparse.csr_array((data, indices, indptr), shape=shape)
    matrix.has_sorted_indices = True  # told, not looked up: that would read all of it
    return matrix
