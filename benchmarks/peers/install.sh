#!/bin/sh
# Installs the peers of the benchmarks into folders of their own that git ignores. One that can't be had is no
# failure here: the benchmarks report it as absent.
cd "$(dirname "$0")" || exit 1

if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
  echo "zongji: no npm and node on PATH (packages npm, nodejs)"
elif [ ! -e node_modules/.package-lock.json ] || [ package.json -nt node_modules/.package-lock.json ]; then
  echo "Installing zongji ..."
  npm install --no-audit --no-fund --no-package-lock --loglevel=error && touch node_modules/.package-lock.json
fi

if ! command -v java >/dev/null; then
  echo "Debezium: no java on PATH (package default-jre-headless)"
elif [ ! -e .venv/.ready ] || [ requirements.txt -nt .venv/.ready ]; then
  echo "Installing Debezium's embedded engine ..."
  { test -x .venv/bin/python || "${PYTHON:-python3}" -m venv .venv; } &&
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt && touch .venv/.ready
fi
exit 0
