#!/usr/bin/env bash
# test-long.sh BUILD: random tests with far more rounds than `make test` gives
# them, a few minutes in all.
set -euo pipefail
cd "$(dirname "$0")/.."

tests=$1/tests/unit/unit_tests
GRAPNEL_TEST_PAIRS=${GRAPNEL_TEST_PAIRS:-1000000} \
	timeout 300 "$tests" filter_index_random
GRAPNEL_TEST_CHURN=${GRAPNEL_TEST_CHURN:-1000000} \
	timeout 300 "$tests" filter_index_churn
