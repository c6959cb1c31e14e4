from collections.abc import Hashable
from pathlib import Path

import numpy as np
import pytest

from recommender import Options, OrderLog, Product
from recommender.model import learnt
from recommender.stored import mapped_together, mapped_vectors, write_together, write_vectors
from recommender.vectors import texts_of, vectorise

SHOP = [Product(number, f"Mug {number % 7} blue {number % 3}", "for tea " * 9) for number in range(400)]


def test_a_model_is_mapped_as_it_was_written(tmp_path: Path) -> None:
    vectors = vectorise(map(texts_of, SHOP))
    rows = dict[Hashable, int]({one.id: row for row, one in enumerate(SHOP)})
    together = learnt(vectors.matrix, rows, OrderLog([[1, 2], [1, 2, 3]]), Options())
    assert together is not None
    write_vectors(tmp_path, vectors)
    write_together(tmp_path, together)
    found, theirs = mapped_vectors(tmp_path), mapped_together(tmp_path)
    for path in tmp_path.iterdir():
        path.unlink()
    assert theirs is not None
    assert (found.matrix != vectors.matrix).nnz == (found.inverted != vectors.inverted).nnz == 0
    assert (theirs.weights != together.weights).nnz == 0
    for one, other in (
        (theirs.seen, together.seen),
        (theirs.bought, together.bought),
        (found.lost, vectors.lost),
    ):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(found.vocabulary.keys, vectors.vocabulary.keys)
    np.testing.assert_array_equal(found.vocabulary.idf, vectors.vocabulary.idf)


def test_a_model_of_texts_alone_has_no_orders(tmp_path: Path) -> None:
    write_vectors(tmp_path, vectorise(map(texts_of, SHOP)))
    assert mapped_together(tmp_path) is None


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no array 'lost'"):
        mapped_vectors(tmp_path)
    (tmp_path / "lost.npy").write_text("no array")
    with pytest.raises(ValueError, match="pickle"):
        mapped_vectors(tmp_path)
