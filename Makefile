# Everything that is made stays inside this folder: tools in .tools/, environments in .venvs/, files of a run in .run/.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
# The Airflow line that everything runs on, and the older one that the Airflow-facing tests run on as well.
NEW := 3.3.2
OLD := 2.11.2
LINE ?= $(NEW)
SERVICES ?= 50
SECONDS ?= 60
EXAMPLES ?= 40
GENERATION ?=
EDITION ?=
ARGS ?=
SEED ?= 1
SAMPLE ?= 200
ONLY ?=
# Followed by the number of processes, more than there are cores: much of a test is waiting. Each takes a file at a time.
SIDE_BY_SIDE := --dist loadfile --no-loadscope-reorder -n

# Checks .github/workflows.
ACTIONLINT := v1.7.12

export UV_PYTHON_DOWNLOADS := never
# Some images switch compiled files off, and every process of Airflow compiles two thousand modules then.
export PYTHONDONTWRITEBYTECODE :=
BIN := .venvs/airflow-$(NEW)/bin
IN_LINE = AIRFLOW_HOME=$(CURDIR)/.run/test-$(LINE) PATH="$(CURDIR)/.venvs/airflow-$(LINE)/bin:$$PATH"
# These need more packages, which are in an environment of their own for each line: <line>-cluster.
STORED := tests/in_airflow/exports/test_object_storage.py tests/in_airflow/dag_runs/test_lineage.py
CODE := airflow_provider_om_messaging benchmarks example_dags tests tools

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: .venvs/airflow-$(NEW)/.ready ## run every example DAG on a real Airflow; KEEP=1 leaves it up, SERVICE=… names a service, GENERATION=1.2 EDITION=open-source a server
	@exec $(BIN)/python -m tools.demo $(if $(KEEP),--keep) $(if $(SERVICE),--service '$(SERVICE)') \
	  $(if $(GENERATION),--generation '$(GENERATION)') $(if $(EDITION),--edition '$(EDITION)')

.PHONY: demo-stop
demo-stop: .venvs/airflow-$(NEW)/.ready ## stop what 'make demo KEEP=1' left up
	@$(BIN)/python -m tools.demo --stop

# What runs in the background would not hear of Ctrl-C.
.PHONY: test
test: lint types ## lint, types and the tests: all on the newer Airflow line, the Airflow-facing ones on the older
	@outputs=$$(mktemp -d); trap 'rm -r "$$outputs"' EXIT; failed=; \
	(trap - INT; $(MAKE) test-older) > "$$outputs/older" 2>&1 & older=$$!; \
	(trap - INT; $(MAKE) test-stored) > "$$outputs/stored" 2>&1 & stored=$$!; \
	$(MAKE) test-one LINE=$(NEW) ARGS='$(SIDE_BY_SIDE) 4' || failed=yes; \
	wait $$older || failed=yes; wait $$stored || failed=yes; cat "$$outputs"/*; test -z "$$failed"

.PHONY: test-older
test-older:
	@if $(PYTHON) tools/setup_environment.py --can $(OLD); \
	then $(MAKE) test-one LINE=$(OLD) ARGS='$(SIDE_BY_SIDE) 2 tests/in_airflow tests/system'; \
	else echo "== NOT tested on Airflow $(OLD): it needs Python 3.10 to 3.12, and none is on PATH"; fi

.PHONY: test-stored
test-stored:
	@failed=; for line in $(NEW) $(OLD); do \
	  if $(PYTHON) tools/setup_environment.py --can $$line; \
	  then $(MAKE) test-one LINE=$$line-cluster ARGS='$(STORED)' || failed=yes; fi; \
	done; test -z "$$failed"

.PHONY: test-one
test-one: .run/test-$(LINE)/.migrated ## tests on one line: make test-one LINE=2.11.2 ARGS='tests/in_airflow -k patch'
	@echo "== Tests on Airflow $(LINE)"
	@$(IN_LINE) python -m pytest $(ARGS)

.PHONY: system
system: ## many services on a Celery Airflow whose parts are killed; needs PostgreSQL and Redis; SERVICES=50 LINE=3.3.2
	@OM_SYSTEM_SERVICES='$(SERVICES)' $(MAKE) test-one LINE=$(LINE)-cluster ARGS=tests/system/many_machines

.PHONY: mutants
mutants: .run/test-$(NEW)-mutants/.migrated ## do the tests notice 200 faults put into the code? SEED=1 SAMPLE=200 ONLY=protocol/
	@AIRFLOW_HOME=$(CURDIR)/.run/test-$(NEW)-mutants .venvs/airflow-$(NEW)-mutants/bin/python -m tools.mutants \
	  --seed '$(SEED)' --sample '$(SAMPLE)' --only '$(ONLY)'

.PHONY: fuzz
fuzz: .venvs/airflow-$(NEW)/.ready ## try the readers with broken inputs, two targets at a time; SECONDS=60 for each, ARGS='csv jobs' for some, ARGS=replies to spoil every reply
	@echo "== Fuzzing, $(SECONDS) seconds a target"
	@$(BIN)/python -m tests.fuzz $(SECONDS) $(ARGS)

.PHONY: laws
laws: ## other examples of the laws and property tests than 'make test' tries, which are always the same: EXAMPLES=40
	@LAW_EXAMPLES='$(EXAMPLES)' $(MAKE) test-one ARGS='$(SIDE_BY_SIDE) 4 tests/contract/engine/laws tests/unit'

.PHONY: lint
lint: .venvs/airflow-$(NEW)/.ready ## rules, format, spelling, and which room may import which
	@echo "== Lint"
	@mkdir -p .run
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/codespell
	@$(BIN)/lint-imports --cache-dir .run/import-rules > .run/import-rules.txt 2>&1 || { cat .run/import-rules.txt; exit 1; }

.PHONY: workflows
workflows: ## check the GitHub workflows with actionlint, which needs Go
	@if ! command -v go > /dev/null; then echo "== Workflows NOT checked: actionlint needs Go, which is not on PATH"; else \
	  echo "== Workflows"; \
	  GOBIN=$(CURDIR)/.tools/go go install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT) && .tools/go/actionlint; fi

.PHONY: types
types: .venvs/airflow-$(NEW)/.ready ## mypy, strict
	@echo "== Types"
	@$(BIN)/mypy

.PHONY: bench
bench: environments ## every benchmark in benchmarks/, each a table with ratios and goals; an hour or more
	@mkdir -p .run; : > .run/bench.txt; failed=; for script in benchmarks/bench_*.py; do \
	  echo "== $$script"; $(BIN)/python $$script | tee -a .run/bench.txt || failed="$$failed $$script"; echo; \
	done; echo "== Goals"; grep '^Goal' .run/bench.txt; test -z "$$failed" || { echo "Failed:$$failed"; exit 1; }

.PHONY: bench-peers
bench-peers: environments ## what 'make bench' compares with where it is there: the SDK of openmetadata-ingestion, other providers
	@$(BIN)/python -m benchmarks.peers

.PHONY: format
format: .venvs/airflow-$(NEW)/.ready ## let ruff put the code in order
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

.PHONY: readme
readme: .run/test-$(LINE)/.migrated ## try every operator on every kind of server and renew the table in docs/servers.md
	@$(IN_LINE) python -m tests.in_airflow.servers.matrix > .run/readme.txt 2>&1 || { tail -20 .run/readme.txt; exit 1; }

.PHONY: environments
environments: .venvs/airflow-$(NEW)/.ready .venvs/airflow-$(OLD)/.ready ## only set up what the other targets need

.PHONY: test-environments
test-environments: $(foreach line,$(NEW) $(OLD) $(NEW)-cluster $(OLD)-cluster,.run/test-$(line)/.migrated)

.PHONY: docs
docs: .venvs/airflow-$(NEW)-docs/.ready ## build the documentation into .run/docs/; warnings are errors
	@AIRFLOW_HOME=$(CURDIR)/.run/docs-home .venvs/airflow-$(NEW)-docs/bin/sphinx-build -q -W --keep-going -b html -d .run/doctrees docs .run/docs
	@echo "== Documentation in .run/docs/index.html"

.PHONY: diagrams
diagrams: ## draw docs/diagrams/ anew; needs Graphviz
	@for source in docs/diagrams/*.dot; do dot -Tsvg -o $${source%.dot}.svg $$source; done

.PHONY: dist
dist: workflows .run/test-$(NEW)/.migrated .venvs/airflow-$(NEW)-docs/.ready ## build sdist and wheel into dist/, check them, and try each alone
	@$(BIN)/python -m tools.distribution dist

.PHONY: lowest
lowest: .tools/uv/bin/uv ## unit and some contract tests with the lowest versions that the package declares
	@$(PYTHON) -m tools.distribution lowest

.PHONY: pythons
pythons: .tools/uv/bin/uv ## unit and contract tests on every Python that the package is for and the machine has
	@$(PYTHON) -m tools.distribution pythons

.PHONY: sbom
sbom: .venvs/airflow-$(NEW)-docs/.ready ## software bills of materials (CycloneDX) into .run/sbom/
	@$(BIN)/python -m tools.distribution sbom

.PHONY: screenshots
screenshots: .venvs/airflow-$(NEW)/.ready ## take docs/pictures/ anew, of a real Airflow; needs Debian's chromium
	@$(BIN)/python -m tools.screenshots

.PHONY: constraints
constraints: .tools/uv/bin/uv ## pin the newest packages that fit, one file per environment
	@for line in $(NEW) $(OLD) $(NEW)-cluster $(OLD)-cluster $(NEW)-mutants $(NEW)-docs; do \
	  file=constraints/airflow-$$line.txt; \
	  echo "== $$file"; \
	  case $$line in *-cluster) more="--group cluster";; *-mutants) more="--group mutants";; *-docs) more="--group docs --group dist";; $(NEW)) more="--group browser";; *) more=;; esac; \
	  echo "apache-airflow==$${line%-*}" | .tools/uv/bin/uv pip compile --quiet --upgrade --no-header --no-annotate \
	    --universal --python-version 3.10 --extra sandbox --extra sockets --group test --group lint $$more pyproject.toml - > $$file.new; \
	  { echo "# All that the package, its tests and its tools need on Airflow $$line. Made by 'make constraints'."; \
	    cat $$file.new; } > $$file; \
	  rm $$file.new; \
	done

.PHONY: clean
clean: ## remove environments, tools and all files of runs
	@if test -x $(BIN)/python; then $(BIN)/python -m tools.demo --stop; fi
	rm -rf .venvs .tools .run .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

# The script sets these stamps: it looks at them again once no other call of make works on the same.
.PRECIOUS: .venvs/airflow-%/.ready
.venvs/airflow-%/.ready: pyproject.toml constraints/airflow-%.txt tools/setup_environment.py
	@$(PYTHON) tools/setup_environment.py $*

# Tests that run DAGs want a migrated database, of the line that the name tells.
.run/test-%/.migrated: .venvs/airflow-%/.ready
	@$(PYTHON) tools/setup_environment.py --migrate $*

.tools/uv/bin/uv:
	@$(PYTHON) tools/setup_environment.py
