#!/usr/bin/env bash
# Installs what is missing of the groups named, from tools/packages.txt:
#
#	tools/install-packages.sh build test
#
# Does nothing, and asks nobody, when everything is there.
set -euo pipefail

list=$(dirname "$0")/packages.txt

die() {
	echo "install-packages: $*" >&2
	exit 1
}

# A row PACKAGE=COMMAND is there when the command is, whoever brought it.
is_installed() {
	case $1 in *=*) command -v "${1#*=}" >/dev/null; return ;; esac
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
		installed ]
}

# Prints "PACKAGE<tab>WHY" for every package of the groups, each once.
wanted() {
	awk -F '\t+' -v groups=" $* " '
		/^[ \t]*(#|$)/ { next }
		index(groups, " " $1 " ") && !seen[$2]++ { print $2 "\t" $3 }
	' "$list"
}

[ $# -gt 0 ] || die "which group? ($(awk -F '\t+' \
	'!/^#/ && NF { print $1 }' "$list" | sort -u | xargs))"
for group in "$@"; do
	grep -q "^$group	" "$list" || die "there is no group '$group' in $list"
done
if ! command -v dpkg-query >/dev/null; then
	echo "install-packages: this is not a Debian; these must be there:" >&2
	wanted "$@" | cut -f 1 | cut -d = -f 1 | xargs >&2
	exit 0
fi

missing=()
while IFS=$'\t' read -r package why; do
	is_installed "$package" && continue
	[ ${#missing[@]} -gt 0 ] || echo "Missing Debian packages:"
	printf '  %-22s %s\n' "${package%%=*}" "$why"
	missing+=("${package%%=*}")
done < <(wanted "$@")
[ ${#missing[@]} -gt 0 ] || exit 0

become=()
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || die "installing needs root and there is" \
		"no sudo; as root run: apt-get install ${missing[*]}"
	become=(sudo)
fi
# Set inside the call: sudo keeps no variables.
apt=("${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y)

echo "Installing them with apt-get."
"${apt[@]}" update >/dev/null ||
	die "apt-get update failed: is the network there?"
"${apt[@]}" install --no-install-recommends "${missing[@]}" >/dev/null ||
	die "apt-get could not install: ${missing[*]}"
