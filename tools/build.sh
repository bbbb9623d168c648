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
# What is said is told only when it fails: after a change of meson.build ninja
# is not quiet even when told to be.
. tools/quietly.sh

if [ ! -f "$dir/build.ninja" ]; then
	echo "Building into $dir; the first time takes a minute."
	quietly meson setup "$dir" "$@"
fi
quietly ninja --quiet -C "$dir"
