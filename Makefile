# Synap: `make` lists what can be made. The first `make run` and `make test` on a fresh Debian 12
# machine install what they need (tools/setup.sh).

SHELL := /bin/sh
JOBS ?= $(shell nproc)
# Most tests wait more than they compute: for a clock, a browser, a server. Twice as many as processors
# made some late that were in time with half as many more.
TEST_JOBS ?= $(shell echo $$(( $(JOBS) + ($(JOBS) + 1) / 2 )))
RUN_ARGS ?=
# What a release build takes of one processor (AMD EPYC, virtual), to say it before it begins: in batches, and
# without a cache, but for what was compiled beside it.
BUILD_SECONDS := 1700
# A tree that is built from nothing compiles several sources as one (cmake/batches.cmake); one that is there stays as
# it was configured.
batches = $(if $(wildcard build/$(1)/CMakeCache.txt),,-DSYNAP_BATCHES=ON)
# Only there where the machine's own node is too old (tools/setup.sh).
export PATH := $(CURDIR)/build/node/node_modules/.bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run run-server build model test test-models unit simulate lint fmt asan tsan fault test-long ordeal-server fuzz bench client reference clean setup setup-test

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: build ## Build the release, once, and start a pod (RUN_ARGS="--listen 127.0.0.1:4500 ...")
	build/release/bin/synap serve $(RUN_ARGS)

run-server: build setup-test ## Start a pod at its server size: PostgreSQL, S3, two pods, a proxy (in build/server)
	@tools/pip_install.sh
	node tools/run_server.mjs $(RUN_ARGS)

build: setup ## Build the release: build/release/bin/synap
	@test -x build/release/bin/synap || echo "make: building the release, this once: about" \
	  "$$(( ($(BUILD_SECONDS) / $(JOBS) + 59) / 60 )) minutes on $(JOBS) processors"
	@cmake --preset release $(call batches,release) >/dev/null
	cmake --build --preset release -j $(JOBS) --target synap

model: build ## Fetch the documented sentence model and add it to a pod (DATA=./synap-data)
	@tools/embedding_model.sh
	build/release/bin/synap model add --data $(or $(DATA),./synap-data) build/model/*.whl

test: setup-test ## Build, and run all tests, each fuzzer for 5 s included
	@cmake --preset dev $(call batches,dev) >/dev/null
	@cmake --preset fuzz $(call batches,fuzz) -DSYNAP_FUZZ_SECONDS=5 -DSYNAP_FUZZ_SEED=1 >/dev/null
	@# The packages come while the compiler works: most of that is waiting for others' servers.
	@{ tools/npm_ci.sh && tools/pip_install.sh && tools/markdown_corpus.sh && \
	    tools/embedding_model.sh && tools/go_apps.sh && tools/timescaledb.sh; } & packages=$$!; \
	  echo cmake --build --preset dev -j $(JOBS); \
	  cmake --build --preset dev -j $(JOBS) && wait $$packages || { kill $$packages 2>/dev/null; exit 1; }
	cmake --build --preset fuzz -j $(JOBS) --target fuzzers
	ctest --test-dir build/fuzz --output-on-failure -j $(JOBS) -L fuzz
	tools/run_tests.py build/dev $(TEST_JOBS)

test-models: setup-test ## Run the tests with a real language model, which is built and fetched first (10 minutes, once)
	@cmake --preset dev >/dev/null
	cmake --build --preset dev -j $(JOBS) --target synap
	@tools/npm_ci.sh tests/models
	@JOBS=$(JOBS) tools/llama_server.sh
	SYNAP_BIN=$(CURDIR)/build/dev/bin/synap tests/models/run.sh llama.test.mjs

unit: setup-test ## Run the C++ tests only
	@cmake --preset dev >/dev/null
	cmake --build --preset dev -j $(JOBS)
	ctest --test-dir build/dev --output-on-failure -j $(JOBS) -LE 'e2e|node|fault'

simulate: setup-test ## Simulate log, read models and content, or ENGINE=1, for SECONDS (default 60), or one SEED
	@cmake --preset dev >/dev/null
	cmake --build --preset dev -j $(JOBS) --target simulation
	build/dev/bin/simulation $(if $(ENGINE),--engine) $(if $(SECONDS)$(if $(SEED),,x),--seconds $(or $(SECONDS),60)) $(SEED)

lint: setup-test ## Check formatting, layers and clang-tidy
	@python3 tools/tidy.py
	@git ls-files '*.h' '*.cpp' | xargs clang-format-19 --dry-run --Werror
	@# A tree of its own: of one that was made in batches clang-tidy would take another source's command.
	@cmake --preset lint >/dev/null
	@cmake --build --preset lint --target src/pod/client_package.inc >/dev/null
	@git ls-files 'src/*.cpp' 'cmd/*.cpp' | grep -v _test.cpp | xargs -P $(JOBS) -n 4 clang-tidy-19 -p build/lint --quiet

fmt: setup-test ## Format the sources
	@git ls-files '*.h' '*.cpp' | xargs clang-format-19 -i

asan: setup-test ## Run the C++ tests under AddressSanitizer and UBSan
	@cmake --preset asan >/dev/null
	cmake --build --preset asan -j $(JOBS)
	ctest --test-dir build/asan --output-on-failure -j $(JOBS) -LE 'e2e|node|fault'

tsan: setup-test ## Run the C++ tests under ThreadSanitizer
	@cmake --preset tsan >/dev/null
	cmake --build --preset tsan -j $(JOBS)
	ctest --test-dir build/tsan --output-on-failure -j $(JOBS) -LE 'e2e|node|fault'

fault: setup-test ## Kill the pod and cut its power KILLS (default 200) times, and do it all other harm (SEED=n)
	@cmake --preset dev >/dev/null
	cmake --build --preset dev -j $(JOBS) --target synap engine_kills agent_kills
	KILLS=$(or $(KILLS),200) ctest --test-dir build/dev --output-on-failure --verbose -L fault

test-long: setup-test ## Stream MB (default 5000) megabytes to an S3 server and back, within 32 MiB of memory (needs twice that of disk)
	@cmake --preset dev >/dev/null
	cmake --build --preset dev -j $(JOBS) --target s3_tests
	@tools/pip_install.sh
	SYNAP_TEST_STREAMED_MB=$(or $(MB),5000) build/dev/bin/s3_tests --gtest_filter='S3StoreTest.HoldsLittleOfWhatItStreams'

ordeal-server: setup-test ## Run what PostgreSQL is asked on 16, scenarios on 16 to 18; do FAULTS (default 300, some 90 minutes) to three nodes and their server (SEED=n)
	@cmake --preset dev >/dev/null
	cmake --build --preset dev -j $(JOBS) --target synap scenarios_postgres \
	  db_postgres_tests events_postgres_tests projections_postgres_tests search_postgres_tests pod_postgres_tests
	@tools/pip_install.sh && tools/timescaledb.sh
	tests/postgres/versions.sh 16 build/dev/bin/db_postgres_tests build/dev/bin/events_postgres_tests \
	  build/dev/bin/projections_postgres_tests build/dev/bin/search_postgres_tests build/dev/bin/pod_postgres_tests
	for version in 16 17 18; do tests/postgres/versions.sh $$version build/dev/bin/scenarios_postgres || exit 1; done
	FAULTS=$(or $(FAULTS),300) LOG=$(abspath $(or $(LOG),build/ordeal-server.log)) \
	  tests/fault/run.sh $(CURDIR)/build/dev/bin/synap ordeal_server.mjs

fuzz: setup-test ## Run every fuzzer for SECONDS (default 60) each
	@cmake --preset fuzz -DSYNAP_FUZZ_SECONDS=$(or $(SECONDS),60) -DSYNAP_FUZZ_SEED=0 >/dev/null
	cmake --build --preset fuzz -j $(JOBS) --target fuzzers
	ctest --test-dir build/fuzz --output-on-failure -L fuzz

bench: build ## Measure against the Node stack (bench/README.md)
	@tools/setup.sh bench
	@cmake --preset release -DSYNAP_BENCH=ON >/dev/null
	cmake --build --preset release -j $(JOBS)
	bench/run $(BENCH_ARGS)

client: setup-test ## Generate and build the TypeScript client
	@cmake --preset dev >/dev/null
	cmake --build --preset dev -j $(JOBS) --target synap_codegen
	build/dev/bin/synap_codegen --out client/src/generated
	@tools/npm_ci.sh
	npm run --prefix client build

reference: setup-test ## Write docs/reference from the program
	@cmake --preset dev >/dev/null
	cmake --build --preset dev -j $(JOBS) --target synap
	SYNAP_BIN=build/dev/bin/synap node tools/reference.mjs --out docs/reference

setup: ## Install what building needs
	@tools/setup.sh build

setup-test: ## Install what the tests need
	@tools/setup.sh test

clean: ## Delete everything that was built
	rm -rf build
