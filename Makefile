# make run    install, then serve the whole sample prefecture on http://127.0.0.1:8000, building it first (PEOPLE=20000 a small one; PORT=8000)
# make demo   a small one without serving: build, take its files in, judge, explain one finding (also: make run SERVE=0)
# make test   everything the tests need, then the tests on SQLite and on PostgreSQL
# make check  all that CI does
# make bench  speed at full size, beside PostgreSQL, pandas, OpenFisca …; writes docs/performance.md (ONLY=judging ROUNDS=5 PEOPLE=20000)
# LONG=0 leaves out the tests marked long (the lived months, the story of one family, more walks through a case's states, the second look at
#        every page, some deaths) and most of the deaths on PostgreSQL
SHELL := /bin/bash
LONG ?= 1
CHOSEN := $(if $(filter 0,$(LONG)),-m "not long")
KILLED := $(if $(filter 0,$(LONG)),tests/kill/test_worker.py,tests/kill)
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
VENV ?= .venv
BIN := $(VENV)/bin
SERVED := $(or $(PEOPLE),338506)
PEOPLE ?= 20000
PORT ?= 8000
SERVE ?= 1
MONTHS ?= 24
ROUNDS ?= 3

.PHONY: run demo bench test test-sqlite test-postgresql check format lint types contracts migrations policy docs lock clean

$(VENV)/run.stamp: requirements/core.txt pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || { \
	  echo "Anju needs Python 3.11, and '$(PYTHON)' is not: say  make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Installing Anju and what it needs into $(VENV) (about a minute, once)."
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/core.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(BIN)/python -m anju.web.layout.catalogues
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp requirements/test.txt
	@echo "Installing what the tests need into $(VENV); the steps that need PostgreSQL or Chromium say so before they install it."
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@

ifeq ($(SERVE),0)
run: demo
else
run: $(VENV)/run.stamp
	$(BIN)/anju demo --people $(SERVED) --serve --port $(PORT)
endif

demo: $(VENV)/run.stamp
	$(BIN)/anju demo --people $(PEOPLE)

$(VENV)/bench.stamp: $(VENV)/run.stamp requirements/bench.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@

# The world is built once (many minutes, under build/bench). Only the whole prefecture's figures go into the page.
bench: PEOPLE = 338506
bench: $(VENV)/bench.stamp
	$(BIN)/python -m benchmarks --people $(PEOPLE) --months $(MONTHS) --rounds $(ROUNDS) $(if $(ONLY),--only $(ONLY)) $(if $(filter 338506,$(PEOPLE)),--page)

test: test-sqlite test-postgresql

test-sqlite: $(VENV)/test.stamp
	tests/chromium.sh $(BIN)/python -m pytest -n 2 $(CHOSEN)

# what touches the tables, and what must happen once; the doors and the sample touch them through the same actions
test-postgresql: $(VENV)/test.stamp
	PYTHON=$(BIN)/python tests/postgresql.sh $(BIN)/python -m pytest -n 2 $(CHOSEN) \
	  tests/apps tests/tasks $(KILLED) tests/api/test_once.py tests/api/test_killed.py

format: $(VENV)/test.stamp
	$(BIN)/ruff format --check src tests benchmarks

lint: $(VENV)/test.stamp
	$(BIN)/ruff check src tests benchmarks

contracts: $(VENV)/test.stamp
	$(BIN)/lint-imports

types: $(VENV)/test.stamp
	$(BIN)/mypy

migrations: $(VENV)/test.stamp
	ANJU_DATA=$$(mktemp -d) $(BIN)/python -m django makemigrations --check --dry-run --settings anju.settings

policy: $(VENV)/test.stamp
	$(BIN)/anju standards check --drafts
	$(BIN)/anju standards test

docs: $(VENV)/test.stamp
	$(BIN)/python -m pytest tests/docs

# the documents (make docs) are compared in make test too
check: format lint contracts types migrations policy test

# The pins, with hashes and without any host name: run after changing requirements/*.in
lock: $(VENV)/test.stamp
	for part in core test bench; do \
	  $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	    requirements/$$part.in -o requirements/$$part.txt; done

clean:
	rm -rf $(VENV) var build dist
