#!/usr/bin/env bash
# Sets a build folder up once and brings it to date:
#
#	tools/build.sh DIR [MESON OPTION]...
#
# The options count only when the folder is new; to change them remove it.
set -euo pipefail
cd "$(dirname "$0")/.."

dir=${1:?which folder?}
shift
if [ ! -f "$dir/build.ninja" ]; then
	if ! log=$(meson setup "$dir" "$@" 2>&1); then
		printf '%s\n' "$log" >&2
		exit 1
	fi
fi
# It says so even when told to be quiet.
ninja --quiet -C "$dir" | { grep -v "^ninja: no work to do" || true; }
