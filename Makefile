# Needs Python >= 3.11 with venv, make and a package index; everything else is put into .venv.

PYTHON ?= python3
CONSTRAINTS ?= constraints.txt
BIN := .venv/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test lint types contracts check bench filters prose crash soak model fuzz clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/installed ## fourteen virtual days on embedded servers, in well under a minute
	@$(BIN)/warmup demo

test: .venv/installed-dev ## the test suite; ARGS="tests/plan -k dst" for a part of it
	@$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

lint: .venv/installed-dev ## ruff: rules and format
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: .venv/installed-dev ## mypy, strict, package and tests
	@$(BIN)/mypy

contracts: .venv/installed-dev ## who may import whom
	@$(BIN)/lint-imports

check: lint types contracts test ## all of the above

bench: .venv/installed-dev ## figures, beside the floor of this machine
	@$(BIN)/python -m tests.bench

filters: .venv/installed-dev ## what SpamAssassin and Rspamd make of a thousand messages (Debian packages, root)
	@$(BIN)/python -m tests.filters.measure

prose: .venv/installed-dev ## how much the messages resemble each other: ten thousand of them
	@$(BIN)/python -m tests.content.measure

crash: .venv/installed-dev ## kill -9 by the hundred over a virtual month, then servers' ledger against store; some 4 min
	@$(BIN)/python -m tests.crash

soak: .venv/installed-dev ## a virtual day of a thousand mailboxes: memory flat, no descriptor leaked; some 5 min
	@$(BIN)/python -m tests.crash.soak

model: .venv/installed-dev ## the laws in two thousand lives of whatever may happen, other ones each time; some 10 min
	@$(BIN)/python -m tests.model

fuzz: .venv/installed-dev ## bytes from outside, thrown at everything that reads them; some 15 min
	@$(BIN)/python -m tests.fuzz

clean: ## remove what make made
	rm -rf .venv .demo dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is younger than what it was made from, or pip runs again.
.venv/installed: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	@echo "installing warmup into .venv ..."
	@$(INSTALL) --constraint $(CONSTRAINTS) --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	@echo "installing what the tests need into .venv ..."
	@$(INSTALL) --constraint $(CONSTRAINTS) --group dev
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "warmup needs Python 3.11 or newer: make PYTHON=...")'
	@$(PYTHON) -m venv .venv
	@$(INSTALL) --upgrade 'pip>=25.1' # the first that knows --group
