# Firstline: two commands, `make run` and `make test`. All is installed into .venv, but for a test browser where there is none.
PYTHON ?= python3
VENV   := .venv
WORKERS ?= 2
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --constraint constraints.txt
STEP   := $(BIN)/python setup/step.py

# llama.cpp's AMX code, as GCC 12 compiles it, ends the process at the first long prompt (illegal instruction). Where the
# processor has AMX it is left out, and no wheel is taken that pip may have built with it before.
NO_AMX := -mno-amx-tile -mno-amx-int8 -mno-amx-bf16
AMX    := $(shell grep -qs amx_tile /proc/cpuinfo && cc $(NO_AMX) -E -x c /dev/null >/dev/null 2>&1 && echo yes)

# Of the 178 files of llama.cpp 74 are needed. What CMAKE_ARGS asks for (CUDA, Metal, ...) comes last, so that it wins.
LLAMA      := $(shell sed -n 's/^llama_cpp_python==//p' constraints.txt)
LLAMA_ARGS := -DLLAVA_BUILD=OFF '-DCMAKE_PROJECT_llama_cpp_INCLUDE=$(CURDIR)/setup/llama.cmake' $$CMAKE_ARGS
# The version is in the name, so that a new one is compiled by the rule below. pip alone would compile all of it, with AMX.
LLAMA_MADE := $(VENV)/.llama-$(LLAMA)
# pip keeps wheels by version, whatever is in them: one that it has is taken, unless it must be made otherwise, and this
# one is not kept, for another program may want the whole.
HAS_LLAMA  := $(PIP) cache list --format=abspath 'llama_cpp_python-$(LLAMA)-*' 2>/dev/null | grep -q .

.PHONY: help run test quick lint check bench clean
.DEFAULT_GOAL := help

help:            ## Say what there is
	@grep -hE '^[a-z]+: .*##|^[a-z]+:  +##' $(MAKEFILE_LIST) | sed -E 's/:.*##/ —/'

run: $(VENV)/.run            ## Set everything up and start the product
	@FIRSTLINE_SHOW_MACHINERY=$${FIRSTLINE_SHOW_MACHINERY-true} $(BIN)/firstline serve

test: $(VENV)/.dev           ## Set everything up and run every test, with coverage
	@echo "Running the tests on $(WORKERS) workers (real models, a real server, a real browser: about twelve minutes on two cores) …"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term --cov-fail-under=90

quick: $(VENV)/.dev          ## The tests that need no real model, server or browser: a minute or two
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not real"

lint: $(VENV)/.dev           ## ruff and mypy, as strict as they go
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

check: lint test             ## What must pass before a change lands

bench: $(VENV)/.dev          ## Print figures of README and docs (not of fine-tuning, CLINC150, nor faults)
	@$(BIN)/python -m bench.support
	@$(BIN)/python -m bench.facts
	@$(BIN)/python -m bench.hard
	@$(BIN)/python -m bench.promise
	@$(BIN)/python -m bench.outcomes
	@$(BIN)/python -m bench.speed
	@$(BIN)/python -m bench.neighbours
	@$(BIN)/python -m bench.local_only
	@$(BIN)/python -m bench.conversation

clean:           ## Remove what `make` has made
	rm -rf $(VENV) artefacts .coverage .pytest_cache .mypy_cache .ruff_cache

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else f"Firstline needs Python 3.11 or newer, and {sys.executable} is {v.major}.{v.minor}. Name another: make PYTHON=python3.12 ...")'
	@echo "Making $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# Without llama.cpp, and without what asks for it: pip would compile all of it, a second time.
$(VENV)/.libraries: $(VENV)/.python pyproject.toml constraints.txt
	@$(BIN)/python -c 'import tomllib; needed = tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"]; \
		print(*(line for line in needed if "llama" not in line and "llm-" not in line), sep="\n")' >$(VENV)/libraries.txt
	@$(STEP) $(VENV)/libraries.log "Libraries (PyTorch is the largest)" $(INSTALL) --requirement $(VENV)/libraries.txt
	@touch $@

$(LLAMA_MADE): $(VENV)/.python
ifeq ($(AMX),yes)
	@export CFLAGS="$$CFLAGS $(NO_AMX)" CXXFLAGS="$$CXXFLAGS $(NO_AMX)"; $(COMPILE)
else
	@if [ -z "$$CMAKE_ARGS" ] && $(HAS_LLAMA); then $(INSTALL) --quiet --no-deps llama-cpp-python; else $(COMPILE); fi
endif
	@touch $@

COMPILE = CMAKE_ARGS="$(LLAMA_ARGS)" $(STEP) $(VENV)/llama.log "llama.cpp, compiled for this machine" $(INSTALL) --verbose \
	--no-cache-dir --no-binary llama-cpp-python --force-reinstall --no-deps llama-cpp-python

# While one waits for the network, the other compiles.
$(VENV)/.run: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Setting up, once: libraries to download, and llama.cpp to compile (two to four minutes on two cores) …"
	@$(MAKE) --no-print-directory --jobs=2 $(VENV)/.libraries $(LLAMA_MADE)
	@$(INSTALL) --quiet --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@$(STEP) $(VENV)/dev.log "What the tests need" $(INSTALL) --editable '.[dev]'
	@command -v chromium chromium-browser google-chrome >/dev/null || $(BIN)/python -m playwright install chromium || \
		echo "No Chromium here: the browser tests will be skipped. Install it (Debian: apt-get install chromium) and run again."
	@touch $@
