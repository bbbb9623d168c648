#!/usr/bin/env bash
# Builds the program that is installed and measured: once with counters in it,
# which a short load fills (tools/train.py), and then laid out by what they
# say, over all files at once (docs/decisions/release-profile.md).
#
#	tools/release.sh DIR
#
# Nothing is done when the folder has it already; otherwise the folder is made
# anew, and `trained` in it is as old as the sources it was begun with. With
# another compiler than gcc it is a plain build, and says so.
set -euo pipefail
cd "$(dirname "$0")/.."

dir=${1:?which folder?}

. tools/quietly.sh

is_current() {
	[ -x "$dir/grapnel" ] && [ -f "$dir/trained" ] &&
		[ -z "$(find src event-types meson.build \
			meson_options.txt tools/embed.py tools/train.py \
			tools/release.sh -newer "$dir/trained" -print -quit)" ]
}

# Whoever names a wrong folder must not lose what is in it.
is_ours() {
	[ -d "$dir/meson-private" ] || [ -f "$dir/begun" ] ||
		[ ! -e "$dir" ] || rmdir "$dir" 2>/dev/null
}

# CC may have arguments, or ccache before it.
is_gcc() {
	${CC:-cc} --version | grep 'Free Software Foundation' >/dev/null
}

if is_current; then
	exit 0
fi
is_ours || {
	echo "release: $dir is not a build folder: name another" >&2
	exit 1
}
rm -rf "$dir"
mkdir -p "$dir"
touch "$dir/begun"
if is_gcc; then
	echo "Building a release into $dir, twice; it takes some minutes."
	# Threads count at the same time. Warnings were errors in every other
	# build; inlining over files brings others, of which gcc is less sure.
	quietly meson setup "$dir" -Db_pgo=generate -Dwerror=false \
		-Dc_args="${CFLAGS-} -fprofile-update=atomic"
	quietly ninja --quiet -C "$dir" grapnel
	tools/train.py "$dir/grapnel"
	# What the load did not touch is compiled as in any other build.
	quietly meson configure "$dir" -Db_pgo=use -Db_lto=true -Dc_args="${CFLAGS-} \
-fprofile-partial-training -Wno-missing-profile"
	quietly ninja --quiet -C "$dir" grapnel
else
	echo "Not gcc: $dir is built without a profile."
	tools/build.sh "$dir"
fi
mv "$dir/begun" "$dir/trained"
