# Every target sets up .venv by itself. ARGS passes through: make test ARGS="-k story_19"
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Where this is set, every start compiles every library again, which takes longer than the start itself.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo run test lint bench lock clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    run the hub against a sandbox (ONCE=1: end after the completeness table)"
	@echo "make run     start a real, empty installation"
	@echo "make test    run the tests (ARGS=\"-k name\" chooses)"
	@echo "make lint    style, types and the rules on imports"
	@echo "make bench   the benchmarks, as ratios in one run"

$(VENV)/.runtime: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11, 3.12 or 3.13 is needed; set PYTHON=python3.11 or so")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@printf '#!/bin/sh\nexec "%s/python" -m hub "$$@"\n' "$(CURDIR)/$(BIN)" > $(BIN)/hub && chmod +x $(BIN)/hub
	@printf '%s\n' "$(CURDIR)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/fulfilment-hub.pth"
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

demo: $(VENV)/.runtime
	@$(BIN)/python -m hub demo $(if $(ONCE),--once) $(ARGS)

run: $(VENV)/.runtime
	@$(BIN)/python -m hub serve $(ARGS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m bench $(ARGS)

# Compile the pinned requirements anew from the ranges in pyproject.toml.
lock: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-annotate --no-header --upgrade --extra sandbox --extra postgresql pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-annotate --no-header --upgrade --extra dev --extra bench -c requirements.txt pyproject.toml -o requirements-dev.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
