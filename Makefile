# install: an environment in .venv, nothing started     run: everything, with a simulated provider
# test: all checks, from a fresh machine                lint: the static half of them
# screenshots: pictures of every page, in dashboard/screenshots
# bench: the benchmark                                  lock: pins dependencies anew
# torture: the incidents of tests/faults, against another gateway with TARGET=https://…/v1 KEY=… PROVIDER=http://…
PYTHON ?= python3
BIN := .venv/bin
DASHBOARD := src/control_layer/control/dashboard/static/index.html
DASHBOARD_SOURCES := $(filter-out dashboard/src/api/schema.d.ts, \
	$(shell find dashboard/src dashboard/vite dashboard/public -type f) $(wildcard dashboard/*.json dashboard/*.ts dashboard/*.html))
NODE_TESTS := $(wildcard tests/sdk/node)
PYTEST_WORKERS ?= 2

.PHONY: install run test prepared lint lint-python lint-dashboard test-dashboard screenshots bench torture lock clean
.DEFAULT_GOAL := install

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Control Layer needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "Python's venv module is not complete; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.installed: .venv/pyvenv.cfg requirements/runtime.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Behind Node.js, because two installations into one environment do not go together.
.venv/.installed-dev: .venv/.installed requirements/dev.txt | .venv/.installed-node
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

tests/sdk/node/node_modules/.installed: tests/sdk/node/package-lock.json
	@command -v npm >/dev/null || { echo "the tests of the Node SDK need Node.js 20 or newer, with npm"; exit 1; }
	cd tests/sdk/node && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# Client libraries that the tests run, in an environment of their own: they pin what ours does not.
.venv-clients/.installed: .venv/.installed-dev requirements/clients.txt
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-clients
	$(BIN)/uv pip sync --quiet --python .venv-clients --require-hashes requirements/clients.txt
	@touch $@

# Node.js is the machine's, or comes from PyPI into the environment.
.venv/.installed-node: .venv/.installed requirements/node.txt
	@node --version 2>/dev/null | grep -Eq '^v(20\.(19|[2-9][0-9])|2[1-9]|[3-9][0-9])' && command -v npm >/dev/null || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/node.txt
	@touch $@

$(DASHBOARD): .venv/.installed-node $(DASHBOARD_SOURCES) scripts/dashboard.py
	$(BIN)/python scripts/dashboard.py

install: .venv/.installed $(DASHBOARD)

run: install
	@$(BIN)/control-layer serve --demo

lint: lint-python lint-dashboard

lint-python: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(BIN)/python scripts/longest

lint-dashboard: $(DASHBOARD)
	$(BIN)/python scripts/dashboard.py lint

test-dashboard: lint-dashboard
	$(BIN)/python scripts/dashboard.py test

# All that comes before the tests in Python, of which many use both processors for themselves.
prepared: lint-python test-dashboard $(NODE_TESTS:%=%/node_modules/.installed) .venv-clients/.installed

test:
	@$(MAKE) --no-print-directory --jobs=2 prepared
	$(BIN)/pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder

screenshots: export ONLY := $(ONLY)
screenshots: .venv/.installed-dev $(DASHBOARD)
	$(BIN)/python scripts/dashboard.py install
	$(BIN)/python -m tests.dashboard.screenshots

bench: .venv/.installed-dev
	$(BIN)/python -m bench

# Faults and scenarios, against an instance of ours, or against any gateway that speaks OpenAI's dialect:
torture: export TARGET := $(TARGET)
torture: export TARGET_KEY := $(or $(KEY),$(TARGET_KEY))
torture: export PROVIDER_URL := $(or $(PROVIDER),$(PROVIDER_URL))
torture: .venv/.installed-dev
	$(BIN)/pytest tests/faults

lock: .venv/.installed-dev
	scripts/lock

clean:
	rm -rf .venv .venv-clients build dist tests/sdk/node/node_modules dashboard/node_modules $(dir $(DASHBOARD)) .mypy_cache .ruff_cache .pytest_cache .hypothesis
