# `make help` lists what there is. Everything runs from .venv, made on first use.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo run worker test quick rig faults scale bench lint format docs migration requirements translations clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: .stamp-run ## Start the demo: a province, its portals, the fake phone, a federation
	$(BIN)/python -m demo

run: .stamp-run ## Start a node for development on http://localhost:8000
	$(BIN)/python -m idp serve

worker: .stamp-run ## Start another worker beside a running node
	$(BIN)/python -m idp worker

test: .stamp-test ## Test every claim on both pairs of engines, in browsers, with foreign clients
	$(BIN)/python -m tests.engines.install
	$(BIN)/pytest --engines=all -n 2 --dist loadfile -m "not browser and not foreign_clients and not faults"
	$(BIN)/pytest -m "browser or foreign_clients"

quick: .stamp-test ## Test what can be tested fast, on the embedded engines
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow and not browser and not foreign_clients"

rig: faults scale bench ## Break it, fill it, race it: hours, on a quiet machine

faults: .stamp-test ## Break a running node in every way there is, ten rounds: make faults rounds=1 from=1
	$(BIN)/python -m tests.engines.install
	$(BIN)/pytest tests/faults --engines=all --rounds=$(or $(rounds),10) --from-round=$(or $(from),1) \
		--record docs/faults.jsonl; status=$$?; $(BIN)/python -m tests.faults.report docs/faults.jsonl; exit $$status

scale: .stamp-test ## Measure the node on ten million people beside ten thousand (an hour, 20 GB)
	$(BIN)/python -m tests.engines.install
	rm -rf var/scale
	$(BIN)/python -m bench.scale all var/scale

bench: .stamp-run ## Measure the node beside its peers; writes docs/performance.md (half an hour or more)
	@$(BIN)/python -m bench all

lint: .stamp-test ## Check style, types, layers, templates, documents, secrets, dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint templates --check --lint --quiet
	$(BIN)/python -m idp settings docs --check
	$(BIN)/python -m idp errors docs --check
	$(BIN)/python -m idp levels docs --check
	$(BIN)/python -m tools.secret_scan
	$(BIN)/python -m tools.audit

format: .stamp-test ## Put code and templates into the house style
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format
	$(BIN)/djlint templates --reformat --quiet || true

docs: .stamp-run ## Write docs/settings.md, docs/errors.md and docs/levels.md from the code
	$(BIN)/python -m idp settings docs
	$(BIN)/python -m idp errors docs
	$(BIN)/python -m idp levels docs

migration: .stamp-test ## Write a migration from the models: make migration m="add the …"
	@test -n "$(m)" || { echo 'say what it does: make migration m="add the …"'; exit 2; }
	$(BIN)/python -m idp db migration "$(m)"
	@$(BIN)/ruff format --quiet migrations

requirements: .stamp-test ## Pin the newest versions of what requirements*.in name
	$(BIN)/pip-compile --quiet --upgrade --no-annotate --no-header --strip-extras requirements.in -o requirements.txt
	$(BIN)/pip-compile --quiet --upgrade --no-annotate --no-header --strip-extras requirements-dev.in -o requirements-dev.txt

translations: .stamp-run ## Collect new texts into the catalogues and compile them
	@mkdir -p var
	$(BIN)/pybabel -q extract -F babel.cfg -k N_ --no-location --sort-output -o var/messages.pot .
	$(BIN)/pybabel -q update -N -w 100 --ignore-pot-creation-date -i var/messages.pot -d translations
	$(BIN)/pybabel -q compile -d translations

clean: ## Remove what was made, except data under var/
	rm -rf $(VENV) .stamp-* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with PYTHON=…"; exit 1; }
	$(PYTHON) -m venv $(VENV)

.stamp-run: requirements.txt $(wildcard translations/*/LC_MESSAGES/*.po) | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@test ! -d translations || $(BIN)/pybabel -q compile -d translations
	@touch $@

.stamp-test: requirements-dev.txt .stamp-run
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
