#!/usr/bin/env bash
# Builds the program that is installed and measured: once with counters in it,
# which a short load fills (tools/train.py), and then laid out by what they
# say, over all files at once (docs/decisions/release-profile.md).
#
#	tools/release.sh DIR
#
# Nothing is done when the folder has it already. With another compiler than
# gcc it is a plain build, and says so.
set -euo pipefail
cd "$(dirname "$0")/.."

dir=${1:?which folder?}

quietly() {
	local log
	log=$("$@" 2>&1) || {
		printf '%s\n' "$log" >&2
		exit 1
	}
}

is_current() {
	[ -f "$dir/trained" ] && [ -z "$(find src meson.build meson_options.txt \
		tools/train.py tools/release.sh -newer "$dir/trained" -print -quit)" ]
}

if is_current; then
	exit 0
fi
if ! "${CC:-cc}" --version | grep -q 'Free Software Foundation'; then
	echo "Not gcc: $dir is built without a profile."
	tools/build.sh "$dir"
	touch "$dir/trained"
	exit 0
fi
rm -rf "$dir"
echo "Building a release into $dir, twice; it takes some minutes."
# Threads count at the same time. Warnings were errors in every other build;
# inlining over files brings others, of which gcc is less sure.
quietly meson setup "$dir" -Db_pgo=generate -Dwerror=false \
	-Dc_args=-fprofile-update=atomic
quietly ninja --quiet -C "$dir" grapnel
tools/train.py "$dir/grapnel"
# What the load did not touch is compiled as in any other build.
quietly meson configure "$dir" -Db_pgo=use -Db_lto=true \
	-Dc_args='-fprofile-partial-training -Wno-missing-profile'
quietly ninja --quiet -C "$dir" grapnel
touch "$dir/trained"
