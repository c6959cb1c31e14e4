# Every target does its own set-up: a fresh clone on a bare Debian machine needs git, make and python3-venv only.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# In the order that tests/conftest.py gives: what takes longest first.
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder
CHILDREN ?= 3
# The tests start Cartwake a thousand times; where this is set, each start would compile all modules anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-unit test-parts reference release site contact-sheet pictures mutants lint format clean
.PHONY: bench bench-catchup bench-chaos bench-chaos-kafka bench-documents bench-import bench-install bench-kafka bench-latency bench-notes bench-recovery bench-report bench-shops bench-soak bench-web bench-wheel
.DEFAULT_GOAL := help

help:
	@echo "make demo   watch a real MySQL's binlog turn abandoned carts into mails"
	@echo "make test   lint, types, import contracts and all tests that need no root"
	@echo "make test-unit   the quick tests, to run at each save: no server, less than 20 seconds"
	@echo "make mutants ONLY=mailer/discounts.py   break that file in every small way; which breaks do the tests miss?"
	@echo "make test-parts, site, lint, format, bench, clean"

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Cartwake needs Python 3.11 or newer as '$(PYTHON)': install the package python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv module is missing: install the package python3-venv"; exit 1; }
	@echo "Setting up the Python environment in $(VENV) (a minute or two the first time) ..."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || \
	  { echo "No Python environment can be made in $(CURDIR)/$(VENV): clone into a folder that you may write"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' || \
	  { echo "pip could not install the Python packages (its reason is above): check network and pip's settings, then run make again"; exit 1; }
	@touch $@

demo: $(READY)
	@$(BIN)/cartwake demo

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: lint
	$(PYTEST) -m "not parts"

test-unit: $(READY)
	$(BIN)/python -m pytest -q -n auto --dist loadfile -m "not slow" tests/unit

test-parts: $(READY)
	$(PYTEST) -m parts tests/parts

# The tables of settings and the shops' pages in docs/, from the code.
reference: $(READY)
	@$(BIN)/python .ci/reference.py

# The documentation, to be looked at or put on a web server.
site: $(READY)
	@$(BIN)/mkdocs build --config-file .mkdocs.yml
	@echo "open site/index.html"

# What would be put on an index, in dist/, of the last commit, looked over; nothing is uploaded.
release: $(READY)
	@rm -rf dist
	@$(BIN)/python .ci/release.py
	@$(BIN)/twine check --strict dist/*
	@$(BIN)/check-wheel-contents dist/*.whl

# Every mail in every theme, language and look, as pictures on one page.
contact-sheet: $(READY)
	$(PYTEST) -m parts tests/parts/test_mail_in_browser.py
	@$(BIN)/python tests/parts/contact_sheet.py test-output/mails

# The README's pictures of the dashboard and of a mail, made of the sample shop's data.
pictures: $(READY)
	@PYTHONPATH=tests $(BIN)/python tests/parts/readme_pictures.py docs/pictures

# docs/mutants.md says what survives and why. Without ONLY: all that [tool.mutmut] lists, for an hour.
mutants: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[mutants]'
	$(BIN)/mutmut run --max-children $(CHILDREN) $(if $(ONLY),'$(subst /,.,$(ONLY:.py=)).*')
	@echo "What the tests missed (show one: $(BIN)/mutmut show NAME):"
	@$(BIN)/mutmut results | grep -v 'not checked' || echo "nothing"

# One line of JSON a figure on stdout, progress on stderr: `make -s bench >figures.jsonl`.
bench: bench-wheel bench-documents bench-import bench-install bench-latency bench-catchup bench-kafka bench-recovery bench-notes bench-recommend bench-recommend-quality bench-report bench-shops bench-web bench-chaos bench-chaos-kafka

bench-catchup: $(READY)
	@benchmarks/peers/install.sh >&2
	@$(BIN)/python benchmarks/catchup.py

bench-chaos: $(READY)
	@$(BIN)/python benchmarks/chaos.py

bench-chaos-kafka: $(READY)
	@$(BIN)/python benchmarks/chaos_kafka.py

bench-documents: $(READY)
	@$(BIN)/python benchmarks/documents.py

bench-import: $(READY)
	@$(BIN)/python benchmarks/import_products.py

bench-install: $(READY)
	@$(BIN)/python benchmarks/install.py

bench-kafka: $(READY)
	@$(BIN)/python benchmarks/kafka.py

bench-latency: $(READY)
	@benchmarks/peers/install.sh >&2
	@$(BIN)/python benchmarks/latency.py

bench-recovery: $(READY)
	@$(BIN)/python benchmarks/recovery.py

bench-notes: $(READY)
	@$(BIN)/python benchmarks/notes.py

bench-recommend: $(READY)
	@benchmarks/peers/recommend/install.sh >&2
	@$(BIN)/python benchmarks/recommend.py

bench-recommend-quality: $(READY)
	@$(BIN)/python benchmarks/recommend_quality.py

bench-report: $(READY)
	@$(BIN)/python benchmarks/report.py
	@$(BIN)/python benchmarks/dashboard.py

bench-shops: $(READY)
	@$(BIN)/python benchmarks/shops.py

bench-soak: $(READY)
	@$(BIN)/python benchmarks/soak.py

bench-web: $(READY)
	@$(BIN)/python benchmarks/web.py

bench-wheel: $(READY)
	@$(BIN)/python benchmarks/wheel.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis mutants dist build demo-output test-output
