# Needs python3 (3.11 or newer, with venv) and make. Relative paths only: the folder may have a space in its name.

PYTHON ?= python3
PORT ?= 8888
SERVE ?=
KERNELS ?=
COUNT ?= 20

# Some sixty processes import the package: it is compiled once, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup lab serve test test-served test-live load bench kernels flakes mutants promise check notebooks readme screenshots update clean

# What the installed .venv depends on: a changed range, a changed pin, a folder that has moved.
WANTED = { pwd; cat pyproject.toml constraints.txt; }
RUNS = .venv/bin/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
OLD = needs Python 3.11 or newer, this is %d.%d: make $(firstword $(MAKECMDGOALS)) PYTHON=python3.12
# nbval's imports take seconds, and the notebooks run in a pytest of their own.
PYTEST = .venv/bin/python -m pytest -q -p no:nbval
# A file's tests stay together: they share what is costly to begin; tests/conftest.py says which files begin first. One
# worker more than cores: many wait for a process.
BESIDE = -n $$(.venv/bin/python -c 'import os; print((os.cpu_count() or 1) + 1)') --dist loadfile --no-loadscope-reorder

help:
	@echo 'make lab        open JupyterLab on the first notebook, with the sandbox tenant (PORT=8888)'
	@echo 'make serve      serve the sandbox tenant on https://localhost:8443, its settings in auth0.env'
	@echo 'make test       run every check: lint, types, unit tests, notebooks, browser'
	@echo 'make test-served  run the notebooks over TLS, against a served sandbox, and against one that plays a live tenant'
	@echo 'make test-live  run the notebooks that need no person on the live tenant of .env, judged by their claims'
	@echo 'make bench      measure the served sandbox beside a bare starlette route: cold start, tokens a second, memory; an import; the recording; the masking; the panels'
	@echo 'make load       load it with 32 clients for 30 seconds, each doing complete push logins'
	@echo 'make kernels    run the browser tests of the panels, and the notebooks, on three versions of ipykernel'
	@echo 'make flakes     run the browser tests COUNT=20 times, with every core busy'
	@echo 'make mutants    change one line of the package COUNT=150 times, and see a test notice each'
	@echo 'make promise    plant 2,000 secrets in every place and spelling, and look for them on every surface'
	@echo 'make check      run lint and types only'
	@echo 'make notebooks  run all notebooks again and save them in their committed form'
	@echo 'make readme     write the tables of README and docs anew, from what the sandbox does'
	@echo 'make screenshots  take the pictures of README and docs again (needs Chromium)'
	@echo 'make update     renew constraints.txt within the ranges of pyproject.toml'
	@echo 'make clean      remove .venv and the caches'
	@echo 'Each makes .venv when it is missing or out of date (PYTHON=python3 makes it).'

setup:
	@if [ -d .venv ] && $(RUNS) && $(WANTED) | cmp -s - .venv/installed; then exit 0; fi; \
	set -e; \
	if [ ! -d .venv ] || ! $(RUNS) || [ "$$(head -n 1 .venv/installed 2>/dev/null || pwd)" != "$$(pwd)" ]; then \
		$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit("$(OLD)" % v[:2] if v < (3, 11) else 0)'; \
		echo '== making .venv'; \
		$(PYTHON) -m venv --clear .venv; \
	fi; \
	echo '== installing into .venv'; \
	rm -f .venv/installed; \
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[lab,test]'; \
	$(WANTED) > .venv/installed.new; \
	mv .venv/installed.new .venv/installed

lab: setup
	@exec .venv/bin/auth0-mfa-lab open notebooks/00_start_here.ipynb --port '$(PORT)'

serve: setup
	@exec .venv/bin/auth0-mfa-lab serve --env-file auth0.env $(SERVE)

check: setup
	@echo '== ruff'
	@.venv/bin/ruff check --quiet auth0_mfa_lab benchmarks examples tests notebooks
	@.venv/bin/ruff format --check --quiet auth0_mfa_lab benchmarks examples tests notebooks
	@echo '== mypy --strict'
	@.venv/bin/mypy --strict

test: check
	@echo '== tests, and the notebooks: every cell compared with what is saved'
	@chromium="$${CHROMIUM:-$$(command -v chromium || command -v chromium-browser || command -v google-chrome || :)}"; \
	if [ -n "$$chromium" ]; then \
		CHROMIUM="$$chromium" $(PYTEST) $(BESIDE) tests; \
	else \
		$(PYTEST) $(BESIDE) --ignore=tests/browser tests || exit 1; \
		echo 'browser tests not run: no Chromium found (install chromium, or name one: make test CHROMIUM=/path/to/chromium)'; \
	fi

test-served: setup
	@.venv/bin/python -m tests.serve.served_notebooks
	@.venv/bin/python -m tests.live.played_notebooks

test-live: setup
	@.venv/bin/python -m tests.live.live_notebooks

bench: setup
	@.venv/bin/python -m benchmarks.imports
	@.venv/bin/python -m benchmarks.serve
	@.venv/bin/python -m benchmarks.record
	@.venv/bin/python -m benchmarks.mask
	@.venv/bin/python -m benchmarks.panels
	@.venv/bin/python -m benchmarks.memory

load: setup
	@.venv/bin/python -m benchmarks.load

kernels: setup
	@.venv/bin/python -m tests.browser.kernels $(KERNELS)

mutants: COUNT := 150
mutants: setup
	@.venv/bin/python -m tests.mutants $(COUNT)

flakes: setup
	@.venv/bin/python -m tests.browser.kernels again $(COUNT)

promise: setup
	@PROMISE_EXAMPLES=2000 $(PYTEST) tests/test_promise.py

notebooks: setup
	@.venv/bin/python -m tests.execute_notebooks

readme: setup
	@.venv/bin/python -m tests.readme_tables

screenshots: setup
	@.venv/bin/python -m tests.browser.screenshots

update: setup
	@.venv/bin/python -m venv --clear .venv/update
	@.venv/update/bin/python -m pip install --quiet --disable-pip-version-check -e '.[lab,test]'
	@.venv/update/bin/python -m pip list --format=freeze --exclude-editable --exclude pip --exclude setuptools \
		> .venv/constraints.new
	@rm -rf .venv/update
	@LC_ALL=C sort -f .venv/constraints.new > constraints.txt
	@git --no-pager diff --stat -- constraints.txt 2>/dev/null || :

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
