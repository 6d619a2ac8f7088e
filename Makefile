# Commands of the project; `make` alone lists them. Everything is relative to this folder.
#
# The set-up runs once, and again when the lock or pyproject.toml changes. Its virtual environment
# is $(VENV); name another with VENV=..., another interpreter with PYTHON=..., for example
#   make test-fast PYTHON=python3.13 VENV=.venvs/3.13

VENV ?= .venv
# Processes that pytest uses.
JOBS ?= 2
# More arguments for pytest, for example ARGS="-k border -x", or for `make docs`.
ARGS ?=
# How often `make test-faults` lets each fault happen.
FAULT_RUNS ?= 50
# `make run EXPERIMENT=policy_groups` runs another study than the quick one.
EXPERIMENT ?= quick

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up-done
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

# The model is parallel over replicates: threads inside numpy would only fight over the same cores.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export NUMEXPR_NUM_THREADS := 1
# A caller's search path must not reach into the environment.
unexport PYTHONPATH
unexport PYTHONHOME

# Succeeds for an interpreter that is new enough and can make virtual environments.
USABLE := import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))

.PHONY: help set-up run validate test test-fast test-browser test-faults lint format bench twin docs lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

set-up: $(STAMP) ## make the virtual environment with the locked packages

run: $(STAMP) ## compare the full package with the present policies in 4 scenarios: a decision card
	$(BIN)/spillover compare experiment=$(EXPERIMENT)

validate: $(STAMP) ## compare a hindcast with what was observed; ARGS="--priors 50" adds draws
	$(BIN)/spillover validate $(ARGS)
	$(BIN)/python -m spillover.validation.page results/validation

test: lint ## style, types and every test
	$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

test-fast: $(STAMP) ## every test but the slow ones, without style and types
	$(BIN)/python -m pytest -n $(JOBS) -m "not slow" $(ARGS)

test-browser: $(STAMP) ## open a report in a headless Chromium (which must be installed)
	$(BIN)/python -m pytest tests/browser $(ARGS)

test-faults: $(STAMP) ## kill, damage, interrupt small sweeps, FAULT_RUNS=50 times each (about a quarter of an hour with ARGS="-n 3")
	$(BIN)/python -m pytest tests/faults --fault-runs $(FAULT_RUNS) --fault-log results/faults.log $(ARGS)

lint: $(STAMP) ## style and types only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP) ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## run the benchmarks in experiments/benchmarks
	@for script in kernel replicate growth; do \
	echo "== $$script"; $(BIN)/python experiments/benchmarks/$$script.py; done

twin: $(STAMP) ## compare the model with its twin of agents, 300 runs on two maps; goes on if stopped
	$(BIN)/python experiments/twin_agreement.py $(ARGS)

docs: $(STAMP) ## write the generated tables in docs/ again; ARGS=--check only compares
	$(BIN)/python -m spillover.commands.docs $(ARGS)

lock: ## compute requirements.lock again with the newest releases (needs the package index)
	@header=$$(sed '/^[^#]/,$$d' requirements.lock); work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; \
	python=$$($(find_python)); "$$python" -m venv "$$work/uv"; \
	"$$work/uv/bin/python" -m pip --disable-pip-version-check install --quiet uv; \
	"$$work/uv/bin/uv" pip compile --quiet --no-header --upgrade --extra dev pyproject.toml -o "$$work/lock"; \
	{ echo "$$header"; cat "$$work/lock"; } > requirements.lock; \
	echo "requirements.lock is new. Now: make test, and compare the tables of `make run` before and after."

clean: ## remove environments, caches and built packages; results/ stays
	rm -rf .venv .venvs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests experiments -type d -name __pycache__ -prune -exec rm -rf {} +

# Prints the first usable interpreter. PYTHON=... is taken at its word, or refused with the reason.
define find_python
usable() { "$$1" -c '$(USABLE)' >/dev/null 2>&1; }; \
	if [ -n "$(PYTHON)" ]; then \
	  if usable "$(PYTHON)"; then echo "$(PYTHON)"; exit 0; fi; \
	  echo "PYTHON=$(PYTHON) cannot be used: it must be Python 3.11 or newer with the venv module." >&2; exit 1; \
	fi; \
	for name in python3 python3.13 python3.12 python3.11 python "$$HOME"/.pyenv/versions/3.1[1-9]*/bin/python3; do \
	  if usable "$$name"; then echo "$$name"; exit 0; fi; \
	done; \
	echo "No Python 3.11 or newer with the venv module was found." >&2; \
	echo "Install one (on Debian or Ubuntu: apt-get install python3 python3-venv)," >&2; \
	echo "or name one: make $(MAKECMDGOALS) PYTHON=path/to/python3.12" >&2; \
	exit 1
endef

$(STAMP): requirements.lock pyproject.toml
	@rm -f $@
	@if ! $(BIN)/python -c '$(USABLE)' >/dev/null 2>&1; then \
	  python=$$($(find_python)); \
	  echo "Set-up: making $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv --clear $(VENV); \
	fi
	@echo "Set-up: installing the locked packages into $(VENV) (about a minute the first time)"
	@$(PIP) install --quiet --requirement requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
