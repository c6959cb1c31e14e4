"""Builds the similarity index in a process of its own, which ends with it.

scikit-learn takes some 70 MB once it is imported, and building keeps the interpreter busy for seconds with a large
catalogue: neither does a service any good that has mails to send meanwhile.
"""

import logging
import pickle
import subprocess
import sys
from collections.abc import Iterable

from recommender.catalog import Product
from recommender.similarity import SimilarityIndex

logger = logging.getLogger(__name__)

TIMEOUT_S = 600.0


def build_in_subprocess(products: Iterable[Product]) -> SimilarityIndex:
    """``SimilarityIndex.build`` in a process of its own; here, where that fails. Blocking."""
    wanted = list(products)
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", "from recommender.subprocess_build import main; main()"],
            input=pickle.dumps(wanted),
            capture_output=True,
            timeout=TIMEOUT_S,
            check=True,
        )
        index = pickle.loads(done.stdout)  # noqa: S301 - what our own process has written
    except (OSError, subprocess.SubprocessError, pickle.UnpicklingError, EOFError) as error:
        logger.warning("The similarity index is built in the service itself: %s", type(error).__name__)
        return SimilarityIndex.build(wanted)
    if not isinstance(index, SimilarityIndex):
        raise TypeError(f"an index was expected, not {type(index).__name__}")
    return index


def main() -> None:
    """The other process: products on standard input, their index on standard output."""
    products = pickle.load(sys.stdin.buffer)  # noqa: S301 - what our own parent has written
    sys.stdout.buffer.write(pickle.dumps(SimilarityIndex.build(products)))
