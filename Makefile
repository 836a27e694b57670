# SPDX-License-Identifier: Apache-2.0
# make demo              take a memory dump of Debian's current kernel and look into it
# make demo DUMP=/path   look into a dump of yours
# make test              everything that CI checks
# make parity            our symbol tables beside the kernels' DWARF, every plugin with each (an hour; needs Go)
# make bench             what everything costs, beside its peers (half an hour; BENCH_ARGS="--docs" writes it down)
# make robustness         damage real dumps in every way, count what is still found (docs/robustness.md)
# make acceptance        every plugin on every dump in every form with nothing prepared, a hundred kills (hours)
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/pytest $(PYTEST_ARGS)

.PHONY: demo test parity bench acceptance robustness system venv dumps lint clean

demo:
	tools/demo $(DUMP)

# pytest last: its closing line is the run's.
test: lint dumps
	$(PYTEST)

parity: venv
	$(BIN)/python tools/compare-with-dwarf $(PARITY_ARGS)

bench: venv
	$(BIN)/python bench/run.py $(BENCH_ARGS)

robustness: dumps venv
	$(BIN)/python tests/robustness.py --write $(ROBUSTNESS_ARGS)

acceptance: dumps venv
	$(BIN)/python tests/acceptance.py --out .acceptance $(ACCEPTANCE_ARGS)
	BTF_KILLS=100 $(BIN)/pytest tests/vol/test_store.py

lint: venv
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

system:
	tools/setup-system test

venv: system
	tools/setup-venv $(VENV) test

dumps: system
	tools/dumps make

clean:
	rm -rf $(VENV) build dist *.egg-info .acceptance .mypy_cache .pytest_cache .ruff_cache .hypothesis
