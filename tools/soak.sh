#!/usr/bin/env bash
# The proofs of `make test` in their long form: hundreds of crashes, minutes of
# overload, a million pairs of filter and event, hanging neighbours with times.
#
#   tools/soak.sh [--short] [BUILD_DIR]
#
# About a quarter of an hour on an idle machine. Each part has a bound, after
# which it is ended and has failed; what they come to together is printed
# first. A part that fails does not hide the others: how each went and how
# long it took is told at the end, and the status is 0 when all went well.
#
# --short runs each part as small as it gets. ONLY="PART …" runs some;
# LIMIT=SECONDS is each part's bound instead, for a machine that is slow or busy.
#
# Everything stays on loopback and in a temporary folder. Ctrl-C ends what is
# under way, whatever it has started, and removes the folder.
set -euo pipefail
cd "$(dirname "$0")/.."

is_short=
[ "${1:-}" != --short ] || { is_short=yes; shift; }
build=$(realpath "${1:-build}")

# ---- the parts ----

names=() limits=() titles=() commands=()

# NAME, how many seconds it may take in its long and in its short form, a
# title, and what runs it.
part() {
  local limit=$2
  [ -z "$is_short" ] || limit=$3
  [[ -z ${ONLY:-} || " $ONLY " == *" $1 "* ]] || return 0
  names+=("$1")
  limits+=("${LIMIT:-$limit}")
  titles+=("$4")
  commands+=("$(printf '%q ' "${@:5}")")
}

# The second number in the short form.
n() { [ -z "$is_short" ] && echo "$1" || echo "$2"; }

# What runs a file of the end-to-end tests.
tests=(env "GRAPNEL_BIN=$build/grapnel" node --test
  --test-reporter=./tests/e2e/reporter.mjs
  --test-reporter-destination=stdout)
unit=$build/tests/unit/unit_tests

part packages 300 300 "the tests' own npm packages" \
  npm ci --ignore-scripts --no-audit --no-fund --silent --prefix tests/e2e
part crash 900 120 "kill -9 at random moments, $(n 200 4) rounds" \
  env "GRAPNEL_CRASH_ROUNDS=$(n 50 1)" "${tests[@]}" tests/e2e/crash.test.mjs
part crash-points 1800 300 \
  "a crash at every place where one can fall, $(n 12 1) of each" \
  env "GRAPNEL_CRASH_PASSES=$(n 12 1)" \
  "${tests[@]}" tests/e2e/crash-points.test.mjs
part disk-faults 300 300 "disks that fail" \
  "${tests[@]}" tests/e2e/disk-faults.test.mjs
part neighbours 300 300 "endpoints that misbehave" \
  "${tests[@]}" tests/e2e/neighbours.test.mjs
part overload 420 120 "$(n 120 2) seconds of more than can be delivered" \
  env "GRAPNEL_OVERLOAD_SECONDS=$(n 120 2)" \
  "${tests[@]}" tests/e2e/overload.test.mjs
part pairs 120 60 \
  "$(n 1000000 10000) pairs of filter and event: index against evaluator" \
  env "GRAPNEL_TEST_PAIRS=$(n 1000000 10000)" "$unit" filter_index_random
part churn 240 60 \
  "$(n 1000000 10000) filters of each form that come and go: nothing is left" \
  env "GRAPNEL_TEST_CHURN=$(n 1000000 10000)" "$unit" filter_index_churn
part delays 300 60 "50 healthy endpoints beside 50 that hang" \
  node bench/neighbours.mjs "$build" "$(n 20 1)"

# ---- running them ----

minutes() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

TMPDIR=$(mktemp -d)
export TMPDIR
child=

# timeout leads a group of its own, in which all is that the part has started.
end_child() {
  [ -n "$child" ] || return 0
  kill -s "$1" -- "-$child" 2>/dev/null || kill -s "$1" "$child" 2>/dev/null ||
    true
}

clean_up() {
  end_child KILL
  rm -rf "$TMPDIR"
}
trap clean_up EXIT

# timeout itself kills what does not end by the signal it passes on.
interrupted() {
  trap '' INT TERM HUP
  end_child TERM
  wait "$child" 2>/dev/null || true
  echo "soak: interrupted" >&2
  exit 130
}
trap interrupted INT TERM HUP

# Part number $1: sets `outcome`.
run() {
  local status=0
  eval "timeout -k 10 ${limits[$1]} ${commands[$1]} &"
  child=$!
  wait "$child" || status=$?
  end_child KILL # what it has left behind
  child=
  case $status in
    0) outcome=ok ;;
    124 | 137) outcome="not ended within $(minutes "${limits[$1]}")" ;;
    *) outcome="failed ($status)" ;;
  esac
}

total=0
for limit in "${limits[@]}"; do total=$((total + limit)); done
echo "soak: ${#names[@]} parts; ends within $(minutes $total) (minutes)"

told=() failed=0
for i in "${!names[@]}"; do
  printf '\n== %s: %s (within %s)\n' "${names[i]}" "${titles[i]}" \
    "$(minutes "${limits[i]}")"
  start=$SECONDS
  run "$i"
  [ "$outcome" = ok ] || failed=$((failed + 1))
  told+=("$(printf '%-13s %6s  %s' "${names[i]}" \
    "$(minutes $((SECONDS - start)))" "$outcome")")
  echo "-- ${told[-1]}"
done

echo
printf '%s\n' "${told[@]}"
echo "soak: $((${#names[@]} - failed)) passed, $failed failed" \
  "in $(minutes "$SECONDS")"
[ "${#names[@]}" -gt 0 ] && [ "$failed" = 0 ]
