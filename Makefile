# make conformance   the suite against the bundled reference server
# make test          the project's own tests
# Both install into .venv first, from pyproject.toml with the versions of constraints.txt, if that was not done.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
# The Stream page as Twilio serves it; kept beside the project, not in it.
PAGE ?= ../shared/docs/stream-resource.md

.PHONY: conformance test lint schemas docs detection detection-short clean

conformance: $(READY)
	$(BIN)/sync-conformance run

test: $(READY) node_modules/axe-core
	$(BIN)/pytest tests

# What the browser tests look for barriers with.
node_modules/axe-core:
	npm install --no-save --no-audit --no-fund --silent axe-core@4.14

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Compares the committed schemas with what the page gives.
schemas: $(READY)
	$(BIN)/python -m schemas extract $(PAGE) --check

docs: $(READY)
	$(BIN)/python -m conformance.guide docs/rules.md
	PYTHONPATH=tests $(BIN)/python -m report.screenshots docs/images

# Every faulty server and every lawful variation, with all rules and three seeds.
detection: $(READY)
	PYTHONPATH=tests $(BIN)/python -m faulty.detect --full --write docs/detection.md

# Two faults of each rule and every variation, with the rules concerned only and one seed, as CI runs it.
detection-short: $(READY)
	PYTHONPATH=tests $(BIN)/python -m faulty.detect --seeds 1

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[proxy,dev]'
	touch $(READY)

clean:
	rm -rf .venv node_modules build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
