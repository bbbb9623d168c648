#!/usr/bin/env bash
# Formats all C files in place; with --check says which are not as
# clang-format would have them, and changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=(-i)
[ "${1:-}" != --check ] || mode=(--dry-run -Werror)
folders=(src tests)
[ ! -d fuzz ] || folders+=(fuzz)
find "${folders[@]}" -name '*.[ch]' -print0 | sort -z | xargs -0 -r clang-format "${mode[@]}"
