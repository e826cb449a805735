# Everything a developer or CI runs. Needs git, make and Python 3.11, 3.12 or 3.13; the rest it brings.
#
#   make demo                     core packages only, then a bot trading on a simulated exchange
#   make check                    everything that must pass before a commit is pushed
#   make test ARGS='-k gate'      pytest alone
#   make test PYTHON=python3.12   the same with another interpreter, in an environment of its own

PYTHON ?= python3
ARGS   ?=
UV     := uv==0.13.8

# One environment per interpreter named on the command line, so that changing it never rebuilds another.
VENV := .venv$(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
BIN  := $(VENV)/bin

# The packages that trade without I/O, clock or chance; untested branches are dearest here.
PURE := botkit/model/*,botkit/strategy/*,botkit/risk/*,botkit/sim/*,botkit/engine/*

.DEFAULT_GOAL := check
.PHONY: setup demo test check bench lock format lint types layers coverage clean

setup: $(VENV)/dev.stamp

demo: $(VENV)/core.stamp
	$(BIN)/botkit demo $(ARGS)

test: setup
	$(BIN)/pytest -n auto $(ARGS)

check: lint types layers coverage

bench: setup
	$(BIN)/python -m benchmarks $(ARGS)

format: setup
	$(BIN)/ruff format && $(BIN)/ruff check --fix

lint: setup
	$(BIN)/ruff format --check && $(BIN)/ruff check

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

coverage: setup
	$(BIN)/pytest -n auto --cov --cov-report= $(ARGS)
	$(BIN)/coverage report --skip-covered --fail-under=90
	$(BIN)/coverage report --skip-covered --fail-under=95 --include='$(PURE)'

clean:
	rm -rf .venv* .coverage .hypothesis .*_cache build dist
	find . -name __pycache__ -prune -exec rm -rf {} +

# The lock files hold versions and hashes for every platform and Python supported, and no index address.
# The development lock comes first: the bot must run on the versions it was tested with.
COMPILE := .venv-lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 \
           --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --quiet

lock:
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet $(UV)
	$(COMPILE) $(ARGS) --group dev --output-file requirements/dev.txt
	$(COMPILE) $(ARGS) --group build --constraint requirements/dev.txt --output-file requirements/core.txt

# Installing with hashes refuses anything but the locked files. The lock is complete, so nothing is
# resolved: pip would look at extras (`coverage[toml]`) without the lock's versions, and refuse the day
# a newer release appears. `pip check` says if something is missing after all. The project itself comes
# last and without isolation, because an isolated build would fetch an unlocked build backend.
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --no-deps
LOCKED  = $(INSTALL) --require-hashes --requirement
SELF    = $(INSTALL) --no-build-isolation --editable . && $(BIN)/pip check --disable-pip-version-check

$(VENV)/core.stamp: requirements/core.txt pyproject.toml | $(BIN)/python
	$(LOCKED) requirements/core.txt
	$(SELF)
	touch $@

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml | $(BIN)/python
	$(LOCKED) requirements/dev.txt
	$(SELF)
	touch $(VENV)/core.stamp $@

$(BIN)/python:
	$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("botkit needs Python 3.11 to 3.13")'
	$(PYTHON) -m venv $(VENV)
