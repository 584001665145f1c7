# install: an environment in .venv, nothing started     run: everything, with a simulated provider
# test: all checks, from a fresh machine                lint: the static half of them
# bench: the benchmark                                  lock: pins dependencies anew
PYTHON ?= python3
BIN := .venv/bin
NODE_TESTS := tests/sdk/node
PYTEST_WORKERS ?= 2

.PHONY: install run test lint bench torture lock clean
.DEFAULT_GOAL := install

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Control Layer needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.installed: .venv/pyvenv.cfg requirements/runtime.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.installed-dev: .venv/.installed requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(NODE_TESTS)/node_modules/.installed: $(NODE_TESTS)/package-lock.json
	cd $(NODE_TESTS) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

install: .venv/.installed

run: install
	@$(BIN)/control-layer serve --demo

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(BIN)/python scripts/longest

test: lint $(NODE_TESTS)/node_modules/.installed
	$(BIN)/pytest -n $(PYTEST_WORKERS) --dist loadfile

bench: .venv/.installed-dev
	$(BIN)/python -m bench

# Faults and scenarios, against an instance of ours, or against any gateway that speaks OpenAI's dialect:
#   make torture TARGET=https://host/v1 KEY=sk-... PROVIDER=http://simulator:8000    (tests/faults/target.py says more)
torture: export TARGET := $(TARGET)
torture: export TARGET_KEY := $(or $(KEY),$(TARGET_KEY))
torture: export PROVIDER_URL := $(or $(PROVIDER),$(PROVIDER_URL))
torture: .venv/.installed-dev
	$(BIN)/pytest tests/faults

lock: .venv/.installed-dev
	scripts/lock

clean:
	rm -rf .venv build dist $(NODE_TESTS)/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
