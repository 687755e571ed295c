# make demo | make test | make test-slow | make test-device | make lint | make help
#
# PYTHON=python3.11 chooses the interpreter of a new .venv. An existing .venv is used as it is.

SHELL := bash
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
# One process per core; threads of several processes would get in each other's way.
TESTS := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(PY) -m pytest -n auto --maxprocesses 8 --durations=10

ON_DEVICE := $(addprefix tests/,test_accelerator test_contract/test_rebalance.py test_engine \
    test_rebalance test_integration/test_foreign_project.py \
    test_integration/test_fusions.py test_integration/test_identity.py \
    test_integration/test_nvgesture.py::test_full_size_models_train_and_validate \
    test_integration/test_recipes.py test_integration/test_resume.py)

export OMP_NUM_THREADS ?= 2
export MKL_NUM_THREADS ?= $(OMP_NUM_THREADS)

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-device lint

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(STAMP)  ## Generate a small data set, train on it, evaluate, show the result
	$(PY) tools/demo.py

test: $(STAMP)  ## Run the test suite (under 10 minutes on 2 cores)
	$(TESTS) -m 'not slow'

test-slow: $(STAMP)  ## Run the tests that `make test` leaves out
	$(TESTS) -m slow

test-device: $(STAMP)  ## Run what trains and scores on a simulated accelerator, without a GPU
	$(TESTS) -p tests.accelerator -m 'not slow' -k 'not ranks and not processes' $(ON_DEVICE)

lint: $(STAMP)  ## Check style, order of imports, types and tables
	$(PY) -m flake8 projects bss configs tools tests
	$(PY) -m isort --check-only projects bss configs tools tests
	$(PY) -m mypy
	$(PY) tools/misc/build_tables.py --check

# Each candidate is run, not only looked up: a version manager's shim may stand for nothing.
$(PY):
	@for python in $(PYTHON) $(if $(PYTHON),,python3.12 python3.11 python3.10 python3); do \
	    $$python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' \
	        2> /dev/null && break; \
	    python=; \
	done; \
	if [ -z "$$python" ]; then \
	    echo 'Python 3.10 to 3.13 is needed, and none was found. Install one, or name it:' \
	        'make PYTHON=/path/to/python3.12 ...' >&2; exit 1; \
	fi; \
	echo "Creating $(VENV) with $$($$python --version)"; \
	if command -v uv > /dev/null; then exec uv venv --quiet --python "$$python" $(VENV); fi; \
	if ! $$python -c 'import ensurepip, venv' 2> /dev/null; then \
	    echo "$$python cannot create virtual environments: its venv module is missing." \
	        'On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; \
	fi; \
	$$python -m venv $(VENV)

$(STAMP): setup.cfg pyproject.toml | $(PY)
	@echo 'Installing the package and what it needs (first time: about 3 GB to download)'
	@if command -v uv > /dev/null; then uv pip install --python $(PY) -e '.[tests]'; \
	else $(PY) -m pip install --disable-pip-version-check -e '.[tests]'; fi
	@touch $@
