# Driftwire: the only commands one must know. They need Rust, Python and make; everything else they set up
# in .venv, .cache and target. Deploying needs Terraform.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo demo-github test test-rust test-python test-plugin chaos lint binaries build iam inputs infra-check infra-apply-test \
	deploy destroy bench truth venv github-schema clean

# The test tools' pinned versions ask for this much.
PYTHON_WANTED := 3.11
# The first interpreter on PATH that is new enough; give PYTHON=... to choose another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < tuple(map(int, "$(PYTHON_WANTED)".split("."))))' 2>/dev/null \
	&& echo "$$python" && break; done)

VENV := .venv
BIN := $(VENV)/bin
VENV_STAMP := $(VENV)/requirements.stamp
# checkov's pinned versions are others than the test tools'.
CHECKOV := .cache/checkov
CHECKOV_STAMP := $(CHECKOV)/requirements.stamp
CARGO ?= cargo
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
BINARIES := --package event-detector --package state-indexer --package provider-judge --package github-scanner --package slack-notifier \
	--package driftwire
# As Lambda calls what this machine is.
HOST_ARCH := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)

# Nothing of a developer's own set-up of AWS or Terraform may reach a build, a test or the demo; deploying is done with it.
ifeq ($(filter deploy destroy,$(MAKECMDGOALS)),)
unexport AWS_PROFILE AWS_DEFAULT_PROFILE AWS_CA_BUNDLE AWS_ENDPOINT_URL AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE
unexport AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE
unexport AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_REGION AWS_DEFAULT_REGION
unexport TF_CLI_CONFIG_FILE TF_DATA_DIR TF_LOG
unexport AWS_USE_FIPS_ENDPOINT AWS_USE_DUALSTACK_ENDPOINT AWS_LAMBDA_RUNTIME_API
endif
export DRIFTWIRE_BIN_DIR := $(abspath $(TARGET_DIR)/debug)
export DRIFTWIRE_MOTO := $(abspath $(BIN)/moto_server)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: venv ## Watch a change outside of Terraform become a drift and an alert, on a served AWS
	@echo "building the functions and the command line (the first time takes some minutes)"
	@$(CARGO) build --locked $(BINARIES)
	@$(BIN)/python tests/demo.py

demo-github: venv github-schema ## Watch a scan of a GitHub organisation find what was changed and made by hand, on a served GitHub
	@echo "building the command line (the first time takes some minutes)"
	@$(CARGO) build --locked --package driftwire
	@$(BIN)/python tests/demo_github.py

test: test-rust test-python infra-check infra-apply-test ## Run every test

test-rust: venv ## Run the tests of the crates
	$(CARGO) test --locked --workspace

test-python: venv binaries test-plugin github-schema ## Run the real binaries against a served AWS
	$(BIN)/python -m pytest tests -m "not applies"

# What tests run beside the binaries: a provider plugin that serves a described world, as Terraform and its plugins are not part of what
# a machine has; and the client of GitHub, by itself.
test-plugin:
	$(CARGO) build --locked --package drift-provider --example plugin
	$(CARGO) build --locked --package drift-github --example ask

chaos: venv binaries ## Attack a stream of records 10,000 times, or: make chaos FAULTS=1000 SEED=7 (RECORDS, INSTANCES)
	@$(BIN)/python tests/chaos/run.py $(if $(FAULTS),--faults $(FAULTS)) $(if $(RECORDS),--records $(RECORDS)) \
		$(if $(INSTANCES),--instances $(INSTANCES)) $(if $(SEED),--seed $(SEED))

lint: venv ## Check formatting, clippy, and that generated files are up to date
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	@for generate in shared/*/generate/*.py infra/tools/iam.py infra/tools/inputs.py; do \
		if [[ -e "$$generate" ]]; then echo "$(BIN)/python $$generate --check"; $(BIN)/python "$$generate" --check; fi; done

binaries: ## Build the functions and the command line for this machine, for tests
	$(CARGO) build --locked $(BINARIES)

build: venv ## Build the functions' zips for Lambda into dist, for both architectures, or: make build ARCH=arm64
	@$(BIN)/python infra/tools/build.py $(ARCH)

iam: venv ## Write the actions that reading takes into infra/, from the catalog; make iam CHECK=1 says whether they are stale
	@$(BIN)/python infra/tools/iam.py $(if $(CHECK),--check)

inputs: venv ## Write the tables of infra/'s inputs and outputs; make inputs CHECK=1 says whether they are stale
	@$(BIN)/python infra/tools/inputs.py $(if $(CHECK),--check)

infra-check: venv $(CHECKOV_STAMP) ## Check the Terraform module and its examples; as far as Terraform is here, with it
	@$(BIN)/python infra/tools/check.py
	@$(BIN)/python infra/tools/security.py $(CHECKOV)/bin/checkov

# Where nothing can be applied, nothing is built for it.
infra-apply-test: venv binaries github-schema ## Apply the examples to a served AWS, with the zips that deploy, and watch them work
	@if $(BIN)/python infra/tools/installed.py; then \
		$(BIN)/python infra/tools/build.py $(HOST_ARCH); \
		echo "$(BIN)/python -m pytest tests/infra -m applies"; $(BIN)/python -m pytest tests/infra -m applies; fi

deploy: venv ## Build, and apply: make deploy EXAMPLE=single-account, or DIR=folder (PROVIDER_VERSIONS="5.100.0", ARCH=arm64)
	@$(BIN)/python infra/tools/deploy.py apply $(if $(DIR),"$(DIR)",$(if $(EXAMPLE),"infra/examples/$(EXAMPLE)")) \
		$(if $(ARCH),--architecture $(ARCH)) $(PROVIDER_VERSIONS:%=--provider-version %)

destroy: venv ## Remove what was deployed: make destroy EXAMPLE=single-account, or DIR=folder
	@$(BIN)/python infra/tools/deploy.py destroy $(if $(DIR),"$(DIR)",$(if $(EXAMPLE),"infra/examples/$(EXAMPLE)"))

bench: venv github-schema ## Measure throughput, memory, requests and start-up, each beside its reference
	@$(BIN)/python tests/bench/run.py

truth: venv binaries ## Score against recorded drift (../shared/truth); fails below the level reached
	@$(BIN)/python tests/truth/run.py $(TRUTH)

venv: $(VENV_STAMP) ## Install the test tools into .venv

$(VENV_STAMP): tests/requirements.txt
	@if [[ -z "$(PYTHON)" ]]; then \
		echo "Python $(PYTHON_WANTED) or newer is needed: install it, or name it with make PYTHON=/path/to/python3" >&2; exit 1; fi
	@echo "installing the test tools into $(VENV)"
	@[[ -x $(BIN)/python ]] || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
	@cp tests/requirements.txt $@

$(CHECKOV_STAMP): infra/tools/checkov-requirements.txt $(VENV_STAMP)
	@echo "installing checkov into $(CHECKOV)"
	@[[ -x $(CHECKOV)/bin/python ]] || $(BIN)/python -m venv $(CHECKOV)
	@$(CHECKOV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement infra/tools/checkov-requirements.txt
	@cp infra/tools/checkov-requirements.txt $@

github-schema: venv ## Fetch what GitHub publishes of its APIs (pinned), for the served GitHub of the tests
	@$(BIN)/python tests/support/served_github/fetch.py .cache/github

clean: ## Remove everything that was built or installed here
	rm -rf $(VENV) .cache dist
	$(CARGO) clean
