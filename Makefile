# Each target sets itself up: Python 3.11 or newer, with its venv module, is all that is needed.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: help demo crawl test docs lint format bench bench-reading lock clean
.DELETE_ON_ERROR:

help:
	@echo "make demo                      crawl the bundled replica site and show what was archived"
	@echo "make crawl ALKARMEL_URL=https://…   crawl the site"
	@echo "make test | lint | format      run the tests, the checks, the formatter"
	@echo "make docs                      print the examples and the data dictionary anew"
	@echo "make bench                     measure a crawl"
	@echo "make bench-reading             measure the reader beside others, on SAVED_NEWS_PAGES"
	@echo "make lock                      pin anew what requirements*.txt ask for"

.venv/run: requirements.lock
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name it: make PYTHON=/path/to/python3.11"; exit 1; }
	@"$(PYTHON)" -m venv .venv \
		|| { echo "Python's venv module is needed; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing the requirements (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/dev: .venv/run requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# Apart from the others: it wants older versions of libraries that the crawl uses.
.venv/replay/ready: requirements-replay.lock .venv/run
	@"$(PYTHON)" -m venv .venv/replay
	@.venv/replay/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-replay.lock
	@touch $@

demo: .venv/run
	@$(BIN)/python demo.py

crawl: .venv/run
	@$(BIN)/scrapy crawl alkarmel

test: .venv/dev .venv/replay/ready
	$(BIN)/python -m pytest

docs: .venv/dev
	$(BIN)/python -m pytest --print-docs tests/test_queries.py tests/test_dictionary.py

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/dev
	$(BIN)/python -m benchmarks.crawl

# The peers want older versions of libraries that the crawl uses: an environment of their own.
.venv/peers/ready: requirements.lock benchmarks/requirements-peers.txt .venv/run
	@"$(PYTHON)" -m venv .venv/peers
	@.venv/peers/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@.venv/peers/bin/python -m pip install --quiet -r requirements.txt
	@.venv/peers/bin/python -m pip install --quiet -r benchmarks/requirements-peers.txt
	@touch $@

bench-reading: .venv/peers/ready
	@.venv/peers/bin/python -m benchmarks.reading

lock:
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-annotate requirements.txt -o requirements.lock
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-annotate requirements-dev.txt -o requirements-dev.lock
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-annotate requirements-replay.txt -o requirements-replay.lock

clean:
	rm -rf .venv .demo
