# Each target installs what it needs into .venv, once.
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := $(wildcard leadcore receiver workers leadsync sandbox bench/__main__.py)
PACKAGES := $(PACKAGES:/__main__.py=)

# Where it is set, each of the hundreds of processes that the tests start compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-fast check openapi lock clean
.DELETE_ON_ERROR:

run: .venv/run
	@$(BIN)/python -m leadsync run $(ARGS)

# Several processes at once; the order is that of tests/session.py, which begins with what takes long.
PYTEST := $(BIN)/python -m pytest -q -n auto --dist loadgroup --no-loadscope-reorder

test: .venv/test
	$(PYTEST) $(ARGS)

# What starts no process but Redis and no browser, see tests/session.py; about a minute on two cores.
test-fast: .venv/test
	$(PYTEST) -m 'not processes and not every_command' $(ARGS)

check: .venv/check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pylint --score n $(PACKAGES)
	$(BIN)/lint-imports --no-cache
	$(BIN)/bandit -q -c pyproject.toml -r $(PACKAGES)
	@$(BIN)/pip-audit --strict --disable-pip --no-deps --progress-spinner off --timeout 15 \
		-r requirements.txt >.venv/audit 2>&1 && tail -n 1 .venv/audit || \
	if grep -q '^Found ' .venv/audit; then cat .venv/audit; exit 1; \
	else tail -n 1 .venv/audit; echo 'Note: known vulnerabilities cannot be looked up here; nothing was audited.'; fi

# After a change of docs/openapi.yaml: the wheel carries it as JSON.
openapi: .venv/test
	$(BIN)/python -c "import json, yaml; print(json.dumps(yaml.safe_load(open('docs/openapi.yaml')), indent=1))" \
		>receiver/api/openapi.json

# make bench ARGS='ack latency', or ARGS='--against main' beside another revision. Where wrk is installed, it loads.
ifneq ($(wildcard bench/__main__.py),)
.PHONY: bench
bench: .venv/test
	$(BIN)/python -m bench $(ARGS)
endif

# make chaos ARGS='--seed 2 --forgetful', ARGS='--leads 1500 --seconds 30' for a quick one, or ARGS='--upgrade main' on
# the way from another revision to this one.
.PHONY: chaos
chaos: .venv/test
	@$(BIN)/python -m bench.chaos $(ARGS)

# All lines in one process, with deaths and faults between any two commands, a seed each: make simulate
# ARGS='--seeds 2000', or ARGS=--planted, whether it finds known faults.
.PHONY: simulate
simulate: .venv/test
	@$(BIN)/python -m bench.simulation $(ARGS)

# The newest versions that pyproject.toml allows: requirements.txt is what production installs, constraints.txt adds
# the tools of this Makefile.
lock:
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/pip install -q pip-tools
	build/lock/bin/pip-compile -q --upgrade --strip-extras --no-header --no-annotate --no-emit-options \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements.txt pyproject.toml
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/pip install -q 'pip>=25.1'
	build/lock/bin/pip install -q -r requirements.txt --group server --group test --group check
	build/lock/bin/pip freeze -q >constraints.txt
	rm -rf build/lock

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis

# --group needs pip 25.1; Debian's Python brings an older one.
.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@echo 'Making .venv, once.'
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo 'On Debian and Ubuntu, venv is a package of its own: apt-get install python3-venv' >&2; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check 'pip>=25.1' || { rm -rf .venv; exit 1; }

# A line per package: pip's own are too many, and with -q it says nothing for a minute.
# What `run` and the tests take for Redis is never compiled; they go on without what has no wheel for this machine.
.venv/run: pyproject.toml requirements.txt constraints.txt | .venv/bin/pip
	@grep -vE '^(fakeredis|lupa)==' requirements.txt >.venv/requirements.txt
	@echo 'Installing what leadsync needs into .venv, once:'
	@{ PYTHONUNBUFFERED=1 $(BIN)/pip install --disable-pip-version-check --progress-bar off \
		-c constraints.txt -r .venv/requirements.txt; echo $$? >.venv/code; } | \
		sed -n 's/^Collecting \([^ ;(]*\).*/  \1/p; s/^Installing collected packages.*/  and now writes them .../p'; \
		exit "$$(cat .venv/code)"
	@for redis in '--group server' 'fakeredis[lua]'; do \
		$(BIN)/pip install -q -c constraints.txt --only-binary :all: $$redis >.venv/redis.log 2>&1 || { \
			tail -n 1 .venv/redis.log; echo "Note: pip install $$redis does not work here; see README, Try it."; }; \
	done
	@touch $@

.venv/test .venv/check: .venv/run
	$(BIN)/pip install -q -c constraints.txt --group $(@F)
	@touch $@
