#!/usr/bin/env bash
# The proofs of `make test` in their long form: hundreds of crashes, minutes of
# overload, a million pairs of filter and event, hanging neighbours with times.
#
#   tools/soak.sh [BUILD_DIR]
#
# About a quarter of an hour. Everything stays on loopback and in temporary
# folders. Ends at the first thing that fails.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build}")

npm ci --ignore-scripts --no-audit --no-fund --silent --prefix tests/e2e
say() { printf '\n== %s\n' "$*"; }
proof() { # NAME=VALUE… FILE
  env GRAPNEL_BIN="$build/grapnel" "${@:1:$#-1}" node --test \
    --test-reporter=./tests/e2e/reporter.mjs \
    --test-reporter-destination=stdout "tests/e2e/${*: -1}.test.mjs"
}

say "kill -9 at random moments, 200 rounds"
proof GRAPNEL_CRASH_ROUNDS=50 crash
say "a crash at every place where one can fall, 12 passes of each"
proof GRAPNEL_CRASH_PASSES=12 crash-points
say "disks that fail"
proof disk-faults
say "endpoints that misbehave"
proof neighbours
say "two minutes of more than can be delivered"
proof GRAPNEL_OVERLOAD_SECONDS=120 overload
say "a million pairs of filter and event: the index against the evaluator"
env GRAPNEL_TEST_PAIRS=1000000 "$build/tests/unit/unit_tests" \
  filter_index_random
say "a million filters of each form that come and go: nothing is left"
env GRAPNEL_TEST_CHURN=1000000 "$build/tests/unit/unit_tests" \
  filter_index_churn
say "50 healthy endpoints beside 50 that hang"
node bench/neighbours.mjs "$build" 20
