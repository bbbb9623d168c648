# Sourced by scripts that build: runs a command, and tells what it said only when
# it fails, which then ends the script.
quietly() {
	local log
	log=$("$@" 2>&1) || {
		printf '%s\n' "$log" >&2
		exit 1
	}
}
