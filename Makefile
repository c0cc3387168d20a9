# Two commands on a fresh machine: `make run` and `make test`. While you work: `make check`. PYTHON picks the interpreter (3.11 to 3.13).
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PARALLEL = --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: run check test docs lint clean

run: $(VENV)/.installed
	$(BIN)/bench run --methods trm_ml,dualcoop --ratios 0.1-0.9

# Linter, format, types, import contracts, and the tests that are not marked slow.
check: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m "not slow" $(PARALLEL)

# The same with every test.
test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest $(PARALLEL)

# The documentation site, in docs/_build/html; a warning is an error.
docs: $(VENV)/.installed-test
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

# Torch and torchvision are resolved together with everything else: a pair that does not match fails at import.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[test]"
	touch $@

lint: $(VENV)/.installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist *.egg-info
