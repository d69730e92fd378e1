# make conformance   the suite against the bundled reference server
# make test          the project's own tests
# make around        the tests with other people's programs: clients, SDKs, an emulator in Node, mock and hostile
#                    servers, a stand-in for the real service
# All install into .venv first, from pyproject.toml with the versions of constraints.txt, if that was not done.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
# The Stream page as Twilio serves it; kept beside the project, not in it.
PAGE ?= ../shared/docs/stream-resource.md

.PHONY: conformance replay cassettes test around proxy-newer servers soak live costs mutants mutants-short lint schemas docs
.PHONY: detection detection-short detection-seeds bench clean

conformance: $(READY)
	$(BIN)/sync-conformance run

# The recordings that ship, judged and run again without a server.
replay: $(READY)
	$(BIN)/sync-conformance run --replay cassettes/whole_suite.yaml
	$(BIN)/sync-proxy replay cassettes/twilio_python.yaml --all-used -- $(BIN)/python cassettes/twilio_python.py

# Records the whole suite anew: every rule, with a fiftieth of the generated requests. The old recording stays unless the
# new one is conformant and replays.
cassettes: $(READY)
	mkdir -p build
	rm -f build/whole_suite.yaml
	$(BIN)/sync-conformance run --seed 1 --generated 0.02 --record build/whole_suite.yaml
	$(BIN)/sync-conformance run --replay build/whole_suite.yaml
	mv build/whole_suite.yaml cassettes/whole_suite.yaml

test: $(READY) node_modules/axe-core
	$(BIN)/pytest tests/schemas tests/reference tests/suite tests/proxy tests/report tests/benchmarks

around: $(READY) tests/clients/node_modules tests/subscribers/node_modules tests/servers/node_modules
	$(if $(wildcard $(PAGE)),PAGE=$(abspath $(PAGE))) $(BIN)/pytest tests/clients tests/servers tests/subscribers tests/examples tests/hostile tests/bystanders tests/installed tests/live

# Mock servers from npm, judged; writes what the suite says of each, and why it is right.
servers: $(READY) tests/servers/node_modules
	PYTHONPATH=tests $(BIN)/python -m servers.write docs/servers.md

# Runs, recordings and replays in a loop; memory and open files must stay flat.
MINUTES ?= 60
soak: $(READY)
	PYTHONPATH=tests $(BIN)/python -m hostile.soak --minutes $(MINUTES)

# Five runs against a stand-in for the real service, in bad weather, and every way of stopping one.
live: $(READY)
	LIVE=all $(BIN)/pytest tests/live

# Counts anew what a run costs, which --dry-run and --live tell.
costs: $(READY)
	PYTHONPATH=tests $(BIN)/python -m live.counting

# The proxy's tests with mitmproxy 12, which Python 3.11 can't have: NEWER names the Python, TESTS fewer tests.
NEWER ?= $(shell .ci/newer-python)
TESTS ?= tests/proxy
proxy-newer:
	@test -n "$(NEWER)" || { echo "there is no Python 3.12 or newer here: mitmproxy 12 was not tested"; exit 1; }
	test -x build/newer/bin/pytest || { $(NEWER) -m venv build/newer && \
	build/newer/bin/pip install --quiet --constraint constraints.txt --editable '.[proxy,dev]'; }
	build/newer/bin/pytest -p no:cacheprovider $(TESTS)

# Weakens the suite's checks one place at a time and says where nobody notices; takes long.
mutants: $(READY)
	PYTHONPATH=tests $(BIN)/python -m mutation

# The same for two rules, drawn with a seed.
mutants-short: $(READY)
	PYTHONPATH=tests $(BIN)/python -m mutation --sample 2 --seed 1

# Twilio's clients and SDK from npm, of the versions that package.json names.
tests/%/node_modules: tests/%/package.json
	npm install --prefix tests/$* --no-package-lock --no-audit --no-fund --silent
	touch $@

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

# Every faulty server and every lawful variation, with all rules and three seeds, of which the second and third make a
# tenth of the generated requests: some two and a half hours of two cores. What is broken off goes on where it was;
# begin anew with `rm build/detection.jsonl`.
detection: $(READY)
	mkdir -p build
	PYTHONPATH=tests $(BIN)/python -m faulty.detect --full --jobs 5 --keep build/detection.jsonl --write docs/detection.md

# All of them with the rules concerned only, each with one of three seeds in turn, as CI runs it.
detection-short: $(READY)
	PYTHONPATH=tests $(BIN)/python -m faulty.detect --spread

# All of them with the rules concerned and three seeds each; goes on in the same way.
detection-seeds: $(READY)
	mkdir -p build
	PYTHONPATH=tests $(BIN)/python -m faulty.detect --keep build/detection.jsonl --write docs/detection.md

# The project beside what a user would take instead: a quiet machine, and some ten minutes.
bench: $(READY) bench/node_modules
	$(BIN)/python -m bench --write docs/performance.md

# Stoplight Prism, to measure beside the reference server; without npm its row is left out.
bench/node_modules: bench/package.json
	! command -v npm >/dev/null || npm install --prefix bench --no-package-lock --no-audit --no-fund --silent
	mkdir -p $@
	touch $@

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[proxy,dev,bench]'
	touch $(READY)

clean:
	rm -rf .venv node_modules tests/*/node_modules bench/node_modules build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
