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

test: $(READY)
	$(BIN)/pytest tests

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

# Every faulty server and every lawful variation, with all rules and three seeds.
detection: $(READY)
	PYTHONPATH=tests $(BIN)/python -m faulty.detect --full --write docs/detection.md

# The same with the rules concerned only and one seed, as CI runs it.
detection-short: $(READY)
	PYTHONPATH=tests $(BIN)/python -m faulty.detect --seeds 1

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[proxy,dev]'
	touch $(READY)

clean:
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
