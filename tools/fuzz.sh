#!/usr/bin/env bash
# Builds every fuzz/fuzz_*.c with libFuzzer under ASan and UBSan and runs each
# for FUZZ_SECONDS (60). New inputs stay in build-fuzz/corpus; an input that
# crashed is named at the end: put it into fuzz/corpus/NAME with the fix.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${FUZZ_SECONDS:-60}
sanitize=address,undefined
CC=clang tools/build.sh build-fuzz -Dbuildtype=debugoptimized \
	-Db_sanitize=$sanitize -Db_lundef=false \
	-Dc_args=-fsanitize=fuzzer-no-link
postgres=libpq
pkg-config --exists libpq || postgres=
read -ra libraries < <(pkg-config --libs $postgres libssl libcrypto libcurl libmicrohttpd \
	sqlite3 libfyaml libpcre2-8 libxml-2.0 zlib libcmark-gfm)
libraries+=(-lcmark-gfm-extensions)

failed=()
for source in fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	name=${name#fuzz_}
	[ -z "${ONLY:-}" ] || [ "$ONLY" = "$name" ] || continue
	echo "== $name, $seconds s"
	mkdir -p "build-fuzz/corpus/$name"
	clang -std=c17 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,$sanitize \
		-Isrc -Ifuzz "$source" build-fuzz/libgrapnel.a \
		"${libraries[@]}" -lm -pthread -o "build-fuzz/fuzz_$name"
	seeds=()
	[ ! -d "fuzz/corpus/$name" ] || seeds=("fuzz/corpus/$name")
	"build-fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 \
		-artifact_prefix="build-fuzz/$name-" -verbosity=0 \
		-print_final_stats=1 "build-fuzz/corpus/$name" \
		"${seeds[@]}" || failed+=("$name")
done
[ ${#failed[@]} -eq 0 ] || {
	echo "fuzz: found something in: ${failed[*]}" >&2
	exit 1
}
