# geofer's commands. Each sets up what it needs in .venv; only Python 3.11+ and make must be there.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup quickstart study test test-all lint format type docs bench clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## make .venv with geofer and the tools for its development; LOCKED=1: the versions of requirements-ci.txt

ifdef LOCKED
$(READY): pyproject.toml requirements-ci.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-ci.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	touch $(READY)
else
$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $(READY)
endif

# The run folders of this call have its time in their names: earlier runs stay.
quickstart: export OMP_NUM_THREADS := $(shell nproc 2>/dev/null || echo 2)
quickstart: RUNS := runs/quickstart-$(shell date +%Y%m%d-%H%M%S)
quickstart: $(READY) ## render faces, train the classifier alone and the full method, print both tables
	$(BIN)/geofer prepare --config quickstart
	$(BIN)/geofer fit --config quickstart-classifier --trainer.default_root_dir $(RUNS)/classifier
	$(BIN)/geofer test --config $(RUNS)/classifier/config.yaml
	$(BIN)/geofer fit --config quickstart --trainer.default_root_dir $(RUNS)/full
	$(BIN)/geofer test --config $(RUNS)/full/config.yaml
	$(BIN)/geofer report $(RUNS)/classifier $(RUNS)/full --output $(RUNS)/index.html

STUDIES ?= studies
study: $(READY) ## run every study of the paper at its smallest, one seed; goes on where it stopped
	$(BIN)/geofer study all --budget smoke --seeds 0 --jobs 2 --output $(STUDIES)
	@echo "The reports:" && ls $(STUDIES)/*-smoke/report.md

test: $(READY) ## run the quick tests
	$(BIN)/pytest -n 2 -q -m "not slow and not gpu and not network"

test-all: $(READY) ## run all tests that this machine can run
	$(BIN)/pytest -n 2 -q -m "not gpu and not network"

lint: $(READY) ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY) ## repair style and formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

type: $(READY) ## check types
	$(BIN)/mypy

docs: $(READY) ## check the links between the pages, and build the site into site/
	$(BIN)/python tools/check_links.py README.md CHANGELOG.md CONTRIBUTING.md docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

bench: $(READY) ## measure the training step against a plain loop of the same networks
	$(BIN)/python benchmarks/training_step.py

clean: ## remove what was built; .venv and runs stay
	rm -rf build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find geofer tests benchmarks experiments tools training -name __pycache__ -type d -prune -exec rm -rf {} +
