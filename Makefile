# Two commands matter: `make run` and `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh
BIN := .venv/bin
# What was compiled once need not be compiled by each of the many processes that tests start.
unexport PYTHONDONTWRITEBYTECODE
RUN := $(BIN)/python -m
LOCK := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --universal --python-version 3.11
FAST := not slow and not browser and not processes and not mariadb and not redis and not fhir and not orthanc
# One more than there are cores: some wait for a browser, a disk or a socket.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n + 1)))
PYTEST := $(RUN) pytest -n $(WORKERS) --dist loadgroup

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: venv ## open the demo hospital at http://localhost:8000 (PORT=, HOST=, PUBLIC_URL=, DEMO_DAY=0)
	@exec $(RUN) app.cli.serve

.PHONY: test
test: dev ## all tests, with small counts
	$(PYTEST) -m "not slow"

.PHONY: test-fast
test-fast: dev ## tests that need no service, in less than a minute
	$(PYTEST) -m "$(FAST)"

.PHONY: test-long
test-long: dev ## all tests, with the counts of the specification
	$(PYTEST)

.PHONY: lint
lint: dev ## everything that can be checked without running the product
	@$(MAKE) --jobs=2 types imports style

.PHONY: style
style: dev ## how code, templates and words are written
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) deptry .
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/codespell
	$(RUN) flask vendor verify

.PHONY: format
format: dev ## let the formatters write
	$(RUN) ruff check --fix .
	$(RUN) ruff format .
	-$(BIN)/djlint --reformat --quiet templates

.PHONY: types
types: dev ## mypy, strict
	$(RUN) mypy

.PHONY: imports
imports: dev ## the storeys of the house (import contracts)
	$(BIN)/lint-imports

.PHONY: bench
bench: dev .venv-bench/ready ## measure against peers; figures go to benchmarks/results (BENCH=--quick)
	$(RUN) benchmarks $(BENCH)

# Peers live apart, so that nothing of theirs can be imported by the product.
.venv-bench/ready: requirements/bench.txt
	@$(BIN)/python -m venv --clear .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --no-input --disable-pip-version-check --require-hashes -r $<
	@touch $@

.PHONY: audit
audit: dev ## known weaknesses in what we ship; auditing nothing is a failure
	$(RUN) pip_audit --strict --disable-pip --require-hashes -r requirements.txt -f json -o .venv/audit.json
	@$(RUN) json.tool .venv/audit.json | awk '/"name":/ { n++ } END { print n+0 " packages audited"; exit n < 1 }'

.PHONY: lock
lock: dev ## write requirements.txt and requirements/dev.txt again, with hashes
	$(BIN)/$(LOCK) -o requirements.txt requirements/runtime.in
	$(BIN)/$(LOCK) -o requirements/dev.txt requirements/dev.in
	$(BIN)/$(LOCK) -o requirements/bench.txt requirements/bench.in

.PHONY: migrate
migrate: venv ## bring the database to the newest migration
	$(RUN) flask db upgrade

.PHONY: worker
worker: venv ## one RQ worker in the foreground
	$(RUN) worker

.PHONY: messages
messages: dev ## collect the sentences of the code, update and compile the catalogues
	$(BIN)/pybabel -q extract -F translations/babel.cfg -k lazy_gettext -k _l --no-location --sort-output -o .venv/messages.pot .
	$(BIN)/pybabel -q update -i .venv/messages.pot -d translations --no-fuzzy-matching --ignore-obsolete --no-wrap
	$(BIN)/pybabel -q compile -d translations

.PHONY: docs
docs: dev ## write the generated pages (settings, journey, ways in, isolation) again
	$(RUN) app.cli.settings_doc docs/settings.md
	$(RUN) app.cli.journey_doc docs/journey.md
	$(RUN) tests.conventions.doors
	$(RUN) tests.integration.core.isolation docs/isolation.md

.PHONY: screenshots
screenshots: dev ## the README's pictures, from the demo that `make run` holds open
	$(BIN)/python docs/pictures/take.py

.PHONY: venv dev
venv:
	@sh .ci/venv runtime
dev:
	@sh .ci/venv dev
