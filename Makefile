# Two commands matter: `make run` starts everything with a demo, `make test` runs every test.
# Both need Python 3.11 or newer and nothing else; ARGS passes more on, e.g. make test ARGS="tests/cli -x".

VENV ?= .venv
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet install
ARGS ?=

.PHONY: run test prove check format browser balancer screenshots requirements clean

run: $(VENV)/.installed
	@exec $(BIN)/python -m console up --demo $(ARGS)

test: $(VENV)/.installed-dev browser
	@$(BIN)/python -m pytest -n 2 $(ARGS)

# Everything that is promised, shown under faults, races and load: about 40 minutes; ARGS=--short for three.
prove: $(VENV)/.installed-dev balancer
	@$(BIN)/python -m tests.prove $(ARGS)

# Everything a reviewer would look at without running the program.
check: $(VENV)/.installed-dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

define TRY_BROWSER
from playwright.sync_api import sync_playwright
with sync_playwright() as started:
    started.chromium.launch(args=["--no-sandbox"]).close()
endef
export TRY_BROWSER

# A browser that is there; else Playwright's own, if this system can start it; else, as root, the system's package.
browser: $(VENV)/.installed-dev
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do \
		command -v $$name >/dev/null && exit 0; done; \
	echo "Getting a browser for the tests (once)…"; \
	$(BIN)/python -m playwright install chromium >/dev/null 2>&1 && $(BIN)/python -c "$$TRY_BROWSER" 2>/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else \
		echo "No browser found and none could be fetched. Install Chromium, then run make test again."; exit 1; \
	fi

# What two machines are proved with; without it that part says that it was not tried, and does not count as held.
balancer:
	@if ! { command -v haproxy && command -v ip; } >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Getting a load balancer for the proof (once)…"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq haproxy iproute2 >/dev/null; \
	fi

# The README's pictures, from a fresh demo that runs: make run in another terminal.
screenshots: $(VENV)/.installed-dev browser
	@$(BIN)/python docs/screenshots.py $(ARGS)

# umask: as root, PostgreSQL's own user must be able to read its programs in here.
$(VENV)/.installed: requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed. Install it, or name it: make PYTHON=/path/to/python"; exit 1; }
	@echo "Installing what the console needs (once, about a minute)…"
	@umask 022; test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python could not make a virtual environment. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@umask 022; $(PIP) --require-hashes -r requirements.txt
	@umask 022; $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@echo "Installing what the tests need (once)…"
	@umask 022; $(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

# Pins are made with pip-tools in an environment of its own, so that its needs do not end up in ours.
COMPILE = $(VENV)-pins/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links
requirements:
	@test -x $(VENV)-pins/bin/pip-compile || { $(PYTHON) -m venv $(VENV)-pins && \
		$(VENV)-pins/bin/python -m pip --quiet install pip-tools; }
	@$(COMPILE) $(ARGS) --output-file=requirements.txt requirements.in
	@$(COMPILE) $(ARGS) --output-file=requirements-dev.txt requirements-dev.in

clean:
	rm -rf $(VENV) $(VENV)-pins .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info
