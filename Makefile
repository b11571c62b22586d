# make demo   a fresh machine to a report: environment, installation (wheels only), extract, embed, compare, report
# make test   what must pass: ruff, mypy, pytest, with the extras that the tests need (gcc for pyradiomics)
# make install-dev, lint, format, bench, clean (removes the environment, too)
# A second call installs nothing, unless pyproject.toml has changed.
# Variables: PYTHON (3.11 to 3.13), VENV (the environment's folder), DEMO (arguments of the demo),
# BENCH (arguments of the benchmark), WORKERS (processes of pytest).

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && \
	echo $$p && break; done)
VENV ?= .venv
DEMO ?=
BENCH ?=
WORKERS ?= 2

BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench install install-dev clean

help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile

demo: $(VENV)/.core
	$(BIN)/python -m radiomics_mammo.demo $(DEMO)

test: lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(VENV)/.all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.all
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.all
	$(BIN)/python -m benchmarks $(BENCH)

install: $(VENV)/.core

install-dev: $(VENV)/.all
	$(BIN)/python -m pip install --quiet pre-commit codespell nbstripout

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 with venv was found." \
	"Install one (on Debian and Ubuntu: apt-get install python3 python3-venv), or say make PYTHON=/path/to/python." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; (3, 11) <= v[:2] <= (3, 13) or sys.exit("Python %d.%d cannot be used: set PYTHON to 3.11, 3.12 or 3.13." % v[:2])'
	$(PYTHON) -m venv $(VENV)
	@touch $@

# Dependencies come as wheels, so that no compiler is needed.
$(VENV)/.core: pyproject.toml | $(VENV)/.made
	@echo "Installing the package and what it needs; this takes minutes and about 2 GB."
	$(BIN)/python -m pip install --quiet --only-binary :all: --editable '.[embeddings]'
	@touch $@

# pyradiomics is built from source.
$(VENV)/.all: pyproject.toml | $(VENV)/.made
	@echo "Installing the package with all extras; this takes minutes and about 2 GB."
	$(BIN)/python -m pip install --quiet --editable '.[all]'
	@touch $(VENV)/.core $@
