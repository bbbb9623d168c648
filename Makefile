# A thin front: every target is one script or one meson call, so that nothing
# is true only when make runs it. BUILD=DIR builds somewhere else.

BUILD ?= build
PREFIX ?= /usr/local

.PHONY: build run test soak bench bench-filter bench-backlog bench-fanout bench-greenlake bench-scenarios format docs fuzz install clean

build:
	@tools/install-packages.sh build
	@tools/build.sh $(BUILD)

run: build
	@tools/install-packages.sh run
	@tools/demo.sh $(BUILD)

test:
	@tools/install-packages.sh build test
	@tests/run

# The same proofs in their long form: about a quarter of an hour. Says first
# by when it has ended; ONLY="crash overload" runs some of its parts.
soak: build
	@tools/install-packages.sh build test
	@tools/soak.sh $(BUILD)

bench: build
	@tools/install-packages.sh bench
	@bench/run.py $(BUILD)

# The index of filters, at 100 to a million; FILTERS="N…" says others.
FILTERS ?= 100 1000 10000 100000 1000000
bench-filter: build
	@bench/filters.sh $(BUILD) $(FILTERS)

# What signing CloudEvents costs, and what batching gains.
bench-greenlake: build
	@tools/install-packages.sh bench
	@bench/greenlake.py $(BUILD)

# Runs of a scenario, beside Node-RED (from npm) running the same flow.
bench-scenarios: build
	@tools/install-packages.sh bench
	@bench/scenarios.py $(BUILD)

# One event to ten thousand webhooks, and what they take in memory.
bench-fanout: build
	@tools/install-packages.sh bench
	@bench/fanout.py $(BUILD)

# A start with a million deliveries waiting, and what each takes in memory.
bench-backlog: build
	@tools/install-packages.sh bench
	@bench/backlog.py $(BUILD)

format:
	@tools/install-packages.sh test
	@tools/format.sh

# The documents that are made from the binary's own tables.
docs: build
	@tools/make-docs.sh $(BUILD)/grapnel

# FUZZ_SECONDS=N a target, 60 if not said; ONLY=NAME runs one.
fuzz:
	@tools/install-packages.sh build fuzz
	@tools/fuzz.sh

# DESTDIR=DIR puts the tree below DIR, for packagers.
install: build
	@meson configure $(BUILD) --prefix $(PREFIX)
	@tools/build.sh $(BUILD) >/dev/null
	@meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf build build-asan build-tsan build-clang build-fuzz
