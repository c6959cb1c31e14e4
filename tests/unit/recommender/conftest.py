"""Real product texts are used where they are at hand; they are no part of the project."""

import os
from pathlib import Path

REAL_DATA = Path(os.environ.get("CARTWAKE_DATA") or Path(__file__).parents[4] / "shared" / "data")

# Where the data is absent these tests are not collected, rather than skipped: nothing is missing from the project.
collect_ignore = [] if (REAL_DATA / "catalog.csv.gz").is_file() else ["test_real_catalog.py"]
