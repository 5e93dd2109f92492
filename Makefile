# Everything runs in .venv, which is made on first use with the python3 of .python-version (3.12).
PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo test docs bench lint clean

.venv/ready: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' || \
	  { echo "brianff needs Python 3.12 or newer; make PYTHON=/path/to/python3.12 chooses one."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@

demo: .venv/ready
	@$(BIN)/python protocols/forward_forward.py

# One process more than there are cores: many a test waits for a file, a child or a clock.
test: .venv/ready
	n=$$($(PYTHON) -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))'); \
	  $(BIN)/python -m pytest -q --numprocesses $$n --dist loadfile $(PYTEST)

# Pages and executed notebooks; a notebook that has not changed is not executed again.
docs: .venv/docs
	$(BIN)/python -m sphinx -W --keep-going -q -d build/doctrees docs build/docs
	@echo "build/docs/index.html"

.venv/docs: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	@touch $@

bench: .venv/ready
	$(BIN)/python benchmarks/run.py

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf .venv build *.egg-info runs
