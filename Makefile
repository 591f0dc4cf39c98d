# The two commands: make run, make test. `make help` lists the rest.

PYTHON ?= $(shell command -v python3.13 >/dev/null 2>&1 && python3.13 -c '' >/dev/null 2>&1 && echo python3.13 || echo python3)
BIN := .venv/bin
LINUX := --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test coverage entra check conformance docs bench faults audit package clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 8

run: .venv/run.stamp ## start Azurite, a demo provider and the service; options: make run ARGS="--port 0 --profile rfc"
	@exec $(BIN)/python -m scim.local $(ARGS)

test: check ## everything CI runs: lint, types, imports, and all tests
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal $(ARGS)

coverage: .venv/dev.stamp ## which lines and branches the tests reach; takes several times as long
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal --cov --cov-report=term $(ARGS)

entra: .venv/dev.stamp ## let the Entra simulator loose on the service that `make run` started
	@test -f .local/connection.env || { echo "Start the service first, in another terminal: make run" >&2; exit 1; }
	@. .local/connection.env && exec $(BIN)/python -m tests.entra --base-url "$$BASE_URL" --token "$$TOKEN" $(ARGS)

check: .venv/dev.stamp ## lint, formatting, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

conformance: .venv/dev.stamp ## let all examiners at the service, and write their table into README.md
	@$(BIN)/python -m tests.conformance

docs: .venv/docs.stamp ## build the documentation into site/; to read it on http://127.0.0.1:8000: make docs ARGS=serve
	@NO_MKDOCS_2_WARNING=true $(BIN)/python -m mkdocs $(or $(ARGS),build)

bench: .venv/dev.stamp ## measure all parts (about 20 minutes) and write docs/performance.md; a first look: ARGS="--quick"
	@$(BIN)/python -m tests.benchmarks $(ARGS)

faults: .venv/dev.stamp ## the service behind a bad network, killed, and without its store; a quarter of an hour each
	@$(BIN)/python -m tests.faults $(ARGS)

audit: .venv/pip.stamp requirements.txt ## known vulnerabilities of what is deployed (asks pypi.org), and a scan of the code
	@$(PYTHON) -m venv .venv/audit && .venv/audit/bin/python -m pip install --quiet --upgrade pip==26.2
	@.venv/audit/bin/python -m pip install --quiet --group audit
	@.venv/audit/bin/bandit --quiet --recursive scim function_app.py --severity-level medium
	@.venv/audit/bin/pip-audit --requirement requirements.txt

package: .venv/pip.stamp ## what is deployed, with its requirements and compiled, as dist/rollcall.zip
	@rm -rf dist && mkdir -p dist/rollcall
	@cp -R function_app.py host.json requirements.txt scim dist/rollcall && rm -rf dist/rollcall/scim/local
	@$(BIN)/python -m pip install --quiet --no-compile --only-binary :all: --python-version 3.13 $(LINUX) \
	  --constraint constraints.txt --requirement requirements.txt --target dist/rollcall/.python_packages/lib/site-packages
	@find dist/rollcall -name __pycache__ -type d -prune -exec rm -rf {} +
	@$(BIN)/python -m compileall -q -s dist/rollcall --invalidation-mode unchecked-hash dist/rollcall
	@$(BIN)/python -c 'import shutil; shutil.make_archive("dist/rollcall", "zip", "dist/rollcall")'
	@ls -sh dist/rollcall.zip

clean: ## remove everything that was installed or made here
	rm -rf .venv .local dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/pip.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null || \
	  { echo "Rollcall needs Python 3.13, and $(PYTHON) is not it; see README.md, \"Without Python 3.13\"." >&2; exit 1; }
	@echo "Setting up .venv ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --upgrade pip==26.2
	@touch $@

.venv/run.stamp: .venv/pip.stamp requirements.txt constraints.txt pyproject.toml
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --requirement requirements.txt --group local
	@touch $@

.venv/docs.stamp: .venv/pip.stamp requirements.txt constraints.txt pyproject.toml
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --requirement requirements.txt --group docs
	@touch $@

.venv/dev.stamp: .venv/pip.stamp requirements.txt constraints.txt pyproject.toml
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --requirement requirements.txt --group dev
	@touch $@ .venv/run.stamp .venv/docs.stamp
