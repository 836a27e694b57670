# SPDX-License-Identifier: Apache-2.0
# make demo              take a memory dump of Debian's current kernel and look into it
# make demo DUMP=/path   look into a dump of yours
# make check             after each change: no virtual machine, no network, two minutes at most
# make test              everything that CI checks
# make fresh             both commands in bare roots of Debian 12 and 13, SUITE=trixie for one (an hour each; as root)
# make versions          the same small tests with every Python and Volatility that are supported (a quarter of an hour)
# make parity            our symbol tables beside the kernels' DWARF, every plugin with each (an hour; needs Go)
# make bench             what everything costs, beside its peers (half an hour; BENCH_ARGS="--docs" writes it down)
# make robustness         damage real dumps in every way, count what is still found (docs/robustness.md)
# make docs              the documentation as a site, in build/site
# make situations        what is printed of images from resets, crashes, cut files, … (docs/situations.md, 20 minutes)
# make machines         AVML and LiME in a guest that works, large and odd machines (docs/acquired.md, an hour; needs cargo)
# make decoys            what a process can write to pass for a kernel, in 2,100 mixtures (docs/hostile.md)
# make acceptance        every plugin on every dump in every form with nothing prepared, a hundred kills (hours)
VENV := .venv
BIN := $(VENV)/bin
WORKERS := auto
# A file's tests go to one worker, so that what they share is made once.
PYTEST := $(BIN)/pytest -n $(WORKERS) --maxprocesses=4 --dist=loadfile $(PYTEST_ARGS)
define LINT
$(BIN)/ruff format --check
$(BIN)/ruff check
$(BIN)/mypy
$(BIN)/mypy --platform win32 volatility3_btf plugins
$(BIN)/mypy --platform darwin volatility3_btf plugins
endef

.PHONY: demo check test docs fresh versions parity bench acceptance decoys robustness situations machines system venv dumps lint clean

demo:
	tools/demo $(DUMP)

check:
	tools/setup-system check
	tools/setup-venv $(VENV) test
	$(LINT)
	$(PYTEST) --check

# pytest last: its closing line is the run's.
test: lint dumps
	tools/versions --ends --beside $(BIN)/python
	$(PYTEST)

docs: venv
	PYTHONPATH=tools:. $(BIN)/python -m docsite.notebooks build/notebooks
	BTF_DOCS_NOTEBOOKS=build/notebooks $(BIN)/mkdocs build --strict

fresh:
	tools/fresh $(SUITE) $(FRESH_ARGS)

versions: dumps
	tools/versions $(VERSIONS_ARGS)

parity: venv
	$(BIN)/python tools/compare-with-dwarf $(PARITY_ARGS)

bench: venv
	$(BIN)/python bench/run.py $(BENCH_ARGS)

robustness: dumps venv
	$(BIN)/python tests/robustness.py --write $(ROBUSTNESS_ARGS)

situations: dumps venv
	$(BIN)/python tests/situations.py --write $(SITUATIONS_ARGS)

machines: venv
	$(BIN)/python tests/machines.py --write $(MACHINES_ARGS)

decoys: dumps venv
	$(BIN)/python tests/decoys.py --write $(DECOYS_ARGS)

acceptance: dumps venv
	$(BIN)/python tests/acceptance.py --out .acceptance $(ACCEPTANCE_ARGS)
	BTF_KILLS=100 $(BIN)/pytest tests/vol/test_store.py
	BTF_ALL_GUESTS=1 $(BIN)/pytest tests/vol/test_rich_guests.py tests/vol/test_hooked_guests.py

lint: venv
	$(LINT)

system:
	tools/setup-system test

venv: system
	tools/setup-venv $(VENV) test

dumps: system
	tools/dumps make

clean:
	rm -rf $(VENV) .versions build dist *.egg-info .acceptance .mypy_cache .pytest_cache .ruff_cache .hypothesis
