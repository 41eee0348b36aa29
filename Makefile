# Every target sets itself up: a fresh machine needs Python 3.11 or later (with venv) and make, no more.

.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:

# Tests and pages run hundreds of commands; without its compiled modules each would begin with compiling them.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
UPGRADE ?=
# One worker for each core; a worker that is done takes work from another.
PARALLEL := --numprocesses auto --dist worksteal

# The first Python that is new enough. To choose another: make venv PYTHON=/path/to/python
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c '$(NEW_ENOUGH)' >/dev/null 2>&1 && { command -v $$p; break; }; done)

.PHONY: help
help: ## Print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r target text; \
		do printf '  make %-9s %s\n' "$$target" "$$text"; done

.PHONY: venv
venv: $(VENV)/installed.stamp ## Set up .venv from the hashed lock file

# The locked packages, from nothing whenever the lock changes ...
$(VENV)/locked.stamp: requirements/dev.lock.txt
	@"$(PYTHON)" -c '$(NEW_ENOUGH)' 2>/dev/null || { \
		echo "Trucewatch needs Python 3.11 or later; none was found. Name one: make venv PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Setting up $(VENV) ..."
	@"$(PYTHON)" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock.txt
	@touch $@

# ... and Trucewatch itself, in place.
$(VENV)/installed.stamp: $(VENV)/locked.stamp pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: venv ## South-west Syria: from reports to a situation report, in out/demo
	@$(BIN)/trucewatch demo --out out/demo
	@test -s out/demo/sitrep.html && echo "The situation report is out/demo/sitrep.html"

.PHONY: test
test: check ## Check, then run every test
	$(BIN)/python -m pytest $(PARALLEL)

.PHONY: test-long
test-long: venv ## Run crash, tamper and leak suites in full: half an hour
	TRUCEWATCH_LONG=1 $(BIN)/python -m pytest $(PARALLEL) tests/ledger tests/test_non_interference.py tests/test_releases.py

.PHONY: coverage
coverage: venv ## Run every test and count the lines that none of them reached
	$(BIN)/python -m pytest $(PARALLEL) --cov --cov-report=term

.PHONY: check
check: venv ## Check form, types, direction of imports, spelling, and that generated docs are current
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/codespell
	$(BIN)/cog --check docs/cli.md

.PHONY: fmt
fmt: venv ## Put the code in form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: docs
docs: venv ## Write the generated parts of the docs again
	$(BIN)/cog -r docs/cli.md

BENCH := .venv-bench
QUICK ?=

# The peers have an environment of their own, so that tests need none of them.
$(BENCH)/locked.stamp: requirements/bench.lock.txt
	@"$(PYTHON)" -c '$(NEW_ENOUGH)' 2>/dev/null || { echo "The benchmarks need Python 3.11 or later" >&2; exit 1; }
	@echo "Setting up $(BENCH) ..."
	@"$(PYTHON)" -m venv --clear $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.lock.txt
	@touch $@

.PHONY: bench
bench: $(BENCH)/locked.stamp ## Measure Trucewatch beside its peers (QUICK=1: small, to see that it runs)
	@$(BENCH)/bin/python -m benchmarks.bench $(if $(QUICK),--quick)

.PHONY: zones
zones: venv ## Cut the zones of the shipped agreements again from their sources
	$(BIN)/python tools/cut_zones.py

.PHONY: lock
lock: venv ## Work out the lock files again (UPGRADE=1: with the newest versions)
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	$(BIN)/python -m venv "$$dir" && \
	"$$dir/bin/pip" install --quiet --disable-pip-version-check uv==$(UV_VERSION) && \
	lock() { "$$dir/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header $(if $(UPGRADE),--upgrade) pyproject.toml "$$@"; } && \
	lock --output-file requirements/run.lock.txt && \
	lock --extra dev --constraint requirements/run.lock.txt --output-file requirements/dev.lock.txt && \
	lock --extra bench --constraint requirements/dev.lock.txt --output-file requirements/bench.lock.txt

.PHONY: wheel
wheel: venv ## Build the wheel into dist
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

.PHONY: clean
clean: ## Take away what these targets made, .venv excepted
	rm -rf out dist build .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
