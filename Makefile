# The commands of the project. Each is a small script in scripts/, the same here and in CI.
#   make ask PYTHON=python3.12     picks the interpreter of .venv, when .venv is made
PYTHON ?= python3
ASK ?= clonazepam serotonin
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help ask test lint fix docs bench crowds lock clean

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

docs: ## build the site of the documentation, running the code of its pages: build/docs
	@scripts/docs

bench: ## measure raphe beside its peers, a quarter of an hour: make bench QUICK=1 takes two minutes
	@QUICK=$(QUICK) scripts/bench

crowds: ## measure runs of up to a million people, a quarter of an hour: make crowds QUICK=1 takes a minute
	@QUICK=$(QUICK) scripts/bench crowds

lock: ## write requirements/*.lock anew from pyproject.toml
	@scripts/lock

clean: ## remove .venv, .venv-bench and the caches of tools
	@rm -rf .venv .venv-bench .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
