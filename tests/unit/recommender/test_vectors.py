import random

import numpy as np
import pytest

from recommender import Product
from recommender.terms import terms
from recommender.vectors import COMMON_MIN, COMMON_SHARE, vectorise


def test_vectors_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over several chunks and parts, with words of all kinds; the terms of all of one's fields count."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - takes a second

    monkeypatch.setattr("recommender.vectors.CHUNK", 256)
    monkeypatch.setattr("recommender.vectors._PART", 1000)
    monkeypatch.setattr("recommender.vectors._MEMORY", 50)
    chance = random.Random(3)
    stock = ["red", "mug", "mugs", "iPhone手机壳套", "कप", "crème", "it's", "the", "áo"]
    stock += [f"w{n}" for n in range(300)]
    products = [
        Product(
            number,
            " ".join(chance.choices(stock, k=3)),
            " ".join(chance.choices(stock, k=chance.randint(0, 8))),
            category=chance.choice(["Kitchen ware", ""]),
        )
        for number in range(900)
    ]
    texts = [(one.name, one.category, one.description) for one in products]
    found = vectorise(texts)
    common = max(COMMON_MIN, int(COMMON_SHARE * len(products)))
    plain = TfidfVectorizer(analyzer=terms, sublinear_tf=True, max_df=common)
    expected = plain.fit_transform(products)
    counts = np.bincount(expected.indices, minlength=expected.shape[1])
    assert found.matrix.shape == (len(products), int((counts > 1).sum()))
    kept = expected[:, counts > 1]
    some = chance.sample(range(len(products)), 100)
    np.testing.assert_allclose(
        (found.matrix[some] @ found.matrix.T).toarray(), (kept[some] @ kept.T).toarray(), atol=2e-6
    )
    assert (found.inverted != found.matrix.T.tocsr()).nnz == 0
    lengths = np.asarray(found.matrix.multiply(found.matrix).sum(axis=1)).ravel() + found.lost
    np.testing.assert_allclose(lengths[np.diff(expected.indptr) > 0], 1, atol=1e-5)
