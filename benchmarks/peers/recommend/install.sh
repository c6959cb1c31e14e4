#!/bin/sh
# Installs the peers of benchmarks/recommend.py into an environment of their own that git ignores. What can't be had is
# no failure here: the benchmark reports it as absent.
cd "$(dirname "$0")" || exit 1

if [ ! -e .venv/.ready ] || [ requirements.txt -nt .venv/.ready ]; then
  echo "Installing bm25s and sparse_dot_topn ..."
  { test -x .venv/bin/python || "${PYTHON:-python3}" -m venv .venv; } &&
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt && touch .venv/.ready
fi
exit 0
