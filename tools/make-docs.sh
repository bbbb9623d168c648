#!/bin/sh
# Writes the documents that are made from the program's tables. Run it after
# a change of src/cli/commands.c or src/cli/settings.def; a test compares.
# usage: tools/make-docs.sh [GRAPNEL]
set -eu

cd "$(dirname "$0")/.."
grapnel=${1:-build/grapnel}

make_one() {
	"$grapnel" help --format "$1" >"$2.new"
	mv "$2.new" "$2"
}

mkdir -p docs packaging/completion
make_one markdown docs/cli.md
make_one config docs/config.md
make_one man docs/grapnel.1
make_one bash packaging/completion/grapnel.bash
make_one zsh packaging/completion/_grapnel
