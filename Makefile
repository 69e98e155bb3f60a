# `make demo` and `make test` do all their own set-up; a second run needs no network.
PYTHON ?= python3
BIN := .venv/bin
# One more than there are cores: many tests wait for a process or a clock.
WORKERS ?= $(shell expr $$(nproc) + 1)

.PHONY: demo test torture soak idle bench bench-watch bench-views lint servers lock clean

demo: .venv/product
	@$(BIN)/mailhook demo

# What a file makes once is made by one worker; the longest files are early in the alphabet.
test: .venv/dev servers lint
	@$(BIN)/pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not torture" $(ARGS)

torture: .venv/dev servers
	@TORTURE=1 $(BIN)/pytest -q -m "torture or hypothesis" $(ARGS)

# Each is run, whatever the one before it has missed.
bench: .venv/dev servers
	@missed=0; for one in examine main_job web reconcile guard; do \
		$(BIN)/python bench/$$one.py || missed=1; done; exit $$missed

# ARGS=--full measures for longer.
bench-watch: .venv/dev servers
	@$(BIN)/python bench/watch.py $(ARGS)

# ARGS="--events 200000" is quicker.
bench-views: .venv/dev
	@$(BIN)/python bench/views.py $(ARGS)

soak: .venv/dev servers
	@$(BIN)/python bench/soak.py $(ARGS)

idle: .venv/dev servers
	@$(BIN)/python bench/idle.py $(ARGS)

lint: .venv/dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(BIN)/mypy

# The tests and the bench start Debian's Dovecot and mbsync on loopback.
servers:
	@tests/install-servers

# Pinned with hashes and without addresses; needs `uv`.
lock:
	@uv pip compile pyproject.toml --extra all --group build $(COMPILE) -o requirements.lock
	@uv pip compile pyproject.toml --extra all --group dev $(COMPILE) -o requirements-dev.lock

COMPILE := --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url

.venv/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("mailhook needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	@$(PYTHON) -m venv .venv || { echo "no virtual environment can be made: apt install python3-venv" >&2; exit 1; }
	@touch $@

.venv/product: .venv/python requirements.lock pyproject.toml
	@echo "installing mailhook into .venv …"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

.venv/dev: .venv/product requirements-dev.lock
	@echo "installing the tests' tools into .venv …"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
