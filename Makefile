# The commands of the project. Each is a small script in scripts/, the same here and in CI.
#   make ask PYTHON=python3.12     picks the interpreter of .venv, when .venv is made
PYTHON ?= python3
ASK ?= clonazepam serotonin
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help ask test lint fix lock clean

help: ## show this list
	@awk -F ': ## ' '/^[a-z]+: ## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

ask: ## answer the first question, setting up .venv if need be: make ask ASK="clonazepam serotonin"
	@scripts/setup run
	@.venv/bin/raphe ask $(ASK)

test: ## run the tests
	@scripts/test

lint: ## check style, types, floors and locks
	@scripts/lint

fix: ## repair the style, then check
	@scripts/lint --fix

lock: ## write requirements/*.lock anew from pyproject.toml
	@scripts/lock

clean: ## remove .venv and the caches of tools
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
