# Driftwire: the only commands one must know. They need Rust, Python and make; everything else they set up
# in .venv and target.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-rust test-python test-plugin chaos lint build bench truth venv github-schema clean

# The test tools' pinned versions ask for this much.
PYTHON_WANTED := 3.11
# The first interpreter on PATH that is new enough; give PYTHON=... to choose another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < tuple(map(int, "$(PYTHON_WANTED)".split("."))))' 2>/dev/null \
	&& echo "$$python" && break; done)

VENV := .venv
BIN := $(VENV)/bin
VENV_STAMP := $(VENV)/requirements.stamp
CARGO ?= cargo
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
BINARIES := --package event-detector --package state-indexer --package provider-judge --package driftwire

# Nothing of a developer's own set-up of AWS or Terraform may reach a build, a test or the demo.
unexport AWS_PROFILE AWS_DEFAULT_PROFILE AWS_CA_BUNDLE AWS_ENDPOINT_URL AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE
unexport AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE
unexport AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_REGION AWS_DEFAULT_REGION
unexport TF_CLI_CONFIG_FILE TF_DATA_DIR TF_LOG
unexport AWS_USE_FIPS_ENDPOINT AWS_USE_DUALSTACK_ENDPOINT AWS_LAMBDA_RUNTIME_API
export DRIFTWIRE_BIN_DIR := $(abspath $(TARGET_DIR)/debug)
export DRIFTWIRE_MOTO := $(abspath $(BIN)/moto_server)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: venv ## Watch a change outside of Terraform become a drift and an alert, on a served AWS
	@echo "building the functions and the command line (the first time takes some minutes)"
	@$(CARGO) build --locked $(BINARIES)
	@$(BIN)/python tests/demo.py

test: test-rust test-python ## Run every test

test-rust: venv ## Run the tests of the crates
	$(CARGO) test --locked --workspace

test-python: venv build test-plugin github-schema ## Run the real binaries against a served AWS
	$(BIN)/python -m pytest tests

# A provider plugin that serves a described world: Terraform and its plugins are not part of what a machine has.
test-plugin:
	$(CARGO) build --locked --package drift-provider --example plugin

chaos: venv build ## Attack a stream of records 10,000 times, or: make chaos FAULTS=1000 SEED=7 (RECORDS, INSTANCES)
	@$(BIN)/python tests/chaos/run.py $(if $(FAULTS),--faults $(FAULTS)) $(if $(RECORDS),--records $(RECORDS)) \
		$(if $(INSTANCES),--instances $(INSTANCES)) $(if $(SEED),--seed $(SEED))

lint: venv ## Check formatting, clippy, and that generated files are up to date
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	@for generate in shared/*/generate/*.py; do \
		if [[ -e "$$generate" ]]; then echo "$(BIN)/python $$generate --check"; $(BIN)/python "$$generate" --check; fi; done

build: ## Build the functions and the command line
	$(CARGO) build --locked $(BINARIES)

bench: venv ## Measure throughput, memory, requests and start-up, each beside its reference
	@$(BIN)/python tests/bench/run.py

truth: venv build ## Score against recorded drift (../shared/truth); fails below the level reached
	@$(BIN)/python tests/truth/run.py $(TRUTH)

venv: $(VENV_STAMP) ## Install the test tools into .venv

$(VENV_STAMP): tests/requirements.txt
	@if [[ -z "$(PYTHON)" ]]; then \
		echo "Python $(PYTHON_WANTED) or newer is needed: install it, or name it with make PYTHON=/path/to/python3" >&2; exit 1; fi
	@echo "installing the test tools into $(VENV)"
	@[[ -x $(BIN)/python ]] || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
	@cp tests/requirements.txt $@

github-schema: venv ## Fetch what GitHub publishes of its APIs (pinned), for the served GitHub of the tests
	@$(BIN)/python tests/support/served_github/fetch.py .cache/github

clean: ## Remove everything that was built or installed here
	rm -rf $(VENV) .cache
	$(CARGO) clean
