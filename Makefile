# `make` alone prints what there is.
PYTHON ?= $(shell for one in python3.13 python3.12 python3.11 python3; do command -v $$one >/dev/null 2>&1 && $$one -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$one && break; done)
VENV := .venv
BIN := $(VENV)/bin
RUN_ARGS ?=
LONGEST_FIRST := tests/crash tests/clients tests/contract tests/simulation tests/unit tests/tidy
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run test check unit crash nightly format openapi bench lock clean debian

help: ## Print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Cauce needs Python 3.11 or newer, and there is none on PATH." >&2; exit 1; }
	@echo "making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing Cauce from requirements.lock"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "installing what the tests need from requirements-dev.lock"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

run: $(VENV)/.runtime ## Start one node on embedded defaults (RUN_ARGS="--http-port 8090" for more)
	@exec $(BIN)/cauce serve $(RUN_ARGS)

# $(call need,<a command that succeeds where it is there>,<Debian's packages>)
define need
	@{ $(1); } >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing $(2) for the tests"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2) >/dev/null; \
	  else echo "The tests need Debian's packages: $(2)." >&2; exit 1; fi; }
endef

debian: # What the tests need of Debian's
	$(call need,ls /usr/lib/postgresql/*/bin/initdb,postgresql)
	$(call need,command -v mkfs.xfs && command -v mkfs.ext4,xfsprogs e2fsprogs)
	$(call need,command -v mvn && command -v javac,maven default-jdk-headless)
	$(call need,command -v kcat && command -v curl,kcat curl)
	$(call need,command -v chromium,chromium)
	$(call need,command -v npm,nodejs npm)

node_modules/.installed: package.json package-lock.json | debian
	@echo "installing the OpenAPI linter, KafkaJS and a registry client from package-lock.json"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

test: $(VENV)/.dev debian node_modules/.installed ## Install all that the tests need and run every test
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not alone" $(LONGEST_FIRST)
	@$(BIN)/python -m pytest -m alone

crash: $(VENV)/.dev debian ## Cut the power 200 times under load, on ext4 and XFS (as root)
	@CAUCE_POWER_CUTS=200 $(BIN)/python -m pytest -q -rP tests/crash/test_power_cut.py

nightly: $(VENV)/.dev ## Prove the storage engine and the authorizer at length, in memory
	@CAUCE_CRASH_EVERY=4 CAUCE_FAULTS_EVERY=1 CAUCE_BIT_FLIPS=100000 CAUCE_LOG_STEPS=100000 $(BIN)/python -m pytest -q -rP \
	  tests/crash/test_simulated_crashes.py tests/crash/test_faults.py tests/crash/test_bit_flips.py tests/crash/test_log_machine.py
	@CAUCE_ACL_CASES=1000000 $(BIN)/python -m pytest -q -rP tests/unit/app/security/authorizer/test_index.py

unit: $(VENV)/.dev ## Run the fast tests
	@$(BIN)/python -m pytest -q -m "not slow" tests/unit tests/tidy

check: $(VENV)/.dev ## Check style, types, import directions, sizes, and run the fast tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(MAKE) --no-print-directory unit

format: $(VENV)/.dev ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

openapi: $(VENV)/.dev ## Write the OpenAPI document, and the AsyncAPI one of the WebSocket
	@$(BIN)/python -m app.api.openapi_export openapi/cauce-v3.json
	@$(BIN)/python -m app.api.ws.asyncapi openapi/cauce-ws.json

bench: $(VENV)/.dev ## Measure the speed claims (BENCH="rest --quick": one area, shortly)
	@$(BIN)/python benchmarks/run.py $(BENCH)

LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

lock: $(VENV)/.dev ## Write the lock files again
	@$(LOCK) --extra dev pyproject.toml build.in -o requirements-dev.lock
	@$(LOCK) -c requirements-dev.lock pyproject.toml build.in -o requirements.lock

clean: ## Remove what was installed and built (not the data)
	@rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info build dist
