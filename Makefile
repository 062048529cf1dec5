# The two commands of the README need only Python >= 3.11 and make:
#   make demo    installs into .venv and runs the main job on the embedded data
#   make test    installs into .venv, with the test tools, and runs the tests
# Choose another Python with PYTHON=python3.13, another PyTorch with TORCH=..., none with TORCH= (empty).

ifndef PYTHON
  PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
    $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
  PYTHON := $(or $(PYTHON),python3)
endif
VENV ?= .venv
# On Linux PyPI's own torch brings gigabytes of CUDA; any CPU build serves the tests of the ladder.
TORCH ?= torch==2.13.0
PYTEST_ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
MADE := $(VENV)/.made-with-$(subst /,_,$(PYTHON))

.PHONY: help demo test slow lint types format docs benchmark constraints clean

help:
	@echo "make demo        run the main job on the embedded data and say where the report is"
	@echo "make test        run the tests (PYTEST_ARGS='tests/runs -k read' for some of them)"
	@echo "make slow        run the simulations of coverage (minutes)"
	@echo "make lint types  check style and types;  make format  puts the style right"
	@echo "make docs        write the generated pages and build the site into site/"
	@echo "make benchmark   measure on this machine, and write docs/results/benchmarks.json"
	@echo "make clean       remove .venv and everything built"

demo: $(VENV)/.installed
	$(BIN)/isoflop demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest -m "not slow" $(PYTEST_ARGS)

slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev
	$(BIN)/mypy

$(MADE):
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "There is no command '$(PYTHON)'. Install Python 3.11 or later, or name yours: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else \
	  "isoflop needs Python 3.11 or later; $(PYTHON) is %d.%d. Name another: make PYTHON=python3.12 ..." % v[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.installed: $(MADE) pyproject.toml constraints.txt
	@echo "Installing isoflop and what it needs into $(VENV) (about a minute the first time) ..."
	@$(PIP) install --quiet --upgrade "pip>=25.1"
	@$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	@echo "Installing the test tools into $(VENV) ..."
	@$(PIP) install --quiet --constraint constraints.txt --group dev
	@test -z "$(TORCH)" || $(PIP) install --quiet "$(TORCH)" || \
	  echo "$(TORCH) cannot be installed here: the tests of the ladder will be skipped, with the reason."
	@touch $@

docs: $(VENV)/.dev
	$(BIN)/python -m docs.generate
	$(BIN)/zensical build --strict --clean

benchmark: $(VENV)/.dev
	$(BIN)/python -m benchmarks.run

# Rewrites constraints.txt from what is installed; torch and pip are chosen above.
constraints: $(VENV)/.dev
	@sed -n '/^#/p' constraints.txt > constraints.new
	@$(PIP) list --format=freeze --exclude-editable | grep -v -E '^(pip|setuptools|torch)=' >> constraints.new
	@mv constraints.new constraints.txt

clean:
	rm -rf $(VENV) site build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis .benchmarks
