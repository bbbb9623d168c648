# A thin front: every target is one script or one meson call, so that nothing
# is true only when make runs it. BUILD=DIR builds somewhere else,
# RELEASE=DIR what is installed and measured.

BUILD ?= build
RELEASE ?= build-release
PREFIX ?= /usr/local

.PHONY: build release run test soak bench bench-filter bench-backlog bench-fanout bench-greenlake bench-scenarios format docs fuzz install clean

build:
	@tools/install-packages.sh build
	@tools/build.sh $(BUILD)

# The program that is installed and measured, laid out by a profile.
release:
	@tools/install-packages.sh build
	@tools/release.sh $(RELEASE)

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

bench: release
	@tools/install-packages.sh bench
	@bench/run.py $(RELEASE)

# The index of filters, at 100 to a million; FILTERS="N…" says others.
FILTERS ?= 100 1000 10000 100000 1000000
bench-filter: build
	@bench/filters.sh $(BUILD) $(FILTERS)

# What signing CloudEvents costs, and what batching gains.
bench-greenlake: release
	@tools/install-packages.sh bench
	@bench/greenlake.py $(RELEASE)

# Runs of a scenario, beside Node-RED (from npm) running the same flow.
bench-scenarios: release
	@tools/install-packages.sh bench
	@bench/scenarios.py $(RELEASE)

# One event to ten thousand webhooks, and what they take in memory.
bench-fanout: release
	@tools/install-packages.sh bench
	@bench/fanout.py $(RELEASE)

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
install: release
	@meson configure $(RELEASE) --prefix $(PREFIX)
	@ninja --quiet -C $(RELEASE) grapnel
	@meson install -C $(RELEASE) --no-rebuild

clean:
	rm -rf build build-release build-asan build-tsan build-clang build-fuzz
