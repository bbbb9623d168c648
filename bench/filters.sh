#!/usr/bin/env bash
# filters.sh BUILD N...: the index of filters on our own workload of N filters.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for count in "$@"; do
	python3 bench/gen_filters.py "$count" "$folder"
	echo "== $count filters"
	timeout 300 "$build/filter_bench" "$folder/filters.tsv" \
		"$folder/events.jsonl"
done
