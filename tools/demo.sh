#!/usr/bin/env bash
# The whole story on one terminal: a hub, a receiver, a webhook for servers
# that are shut down, and a server that is. Then it keeps serving until
# Ctrl-C.
#
#	tools/demo.sh BUILD_DIR
#
# PORT (8080) and RECEIVER_PORT (9090) are where the two listen, DATA (./data)
# is the hub's folder, GRAPNEL_ADMIN_TOKEN the token (a new one if not set).
set -euo pipefail
cd "$(dirname "$0")/.."

grapnel=${1:-build}/grapnel
port=${PORT:-8080}
receiver_port=${RECEIVER_PORT:-9090}
data=${DATA:-./data}
webhook_name='A server shut down'
server_type=compute-ops/server
server_id='P52534-B21+DEMO0000X1'

random_token() {
	od -An -N 24 -tx1 /dev/urandom | tr -d ' \n'
}

export GRAPNEL_ADMIN_TOKEN=${GRAPNEL_ADMIN_TOKEN:-$(random_token)}
export GRAPNEL_URL=http://127.0.0.1:$port
unset GRAPNEL_TOKEN

pids=()

stop_all() {
	trap '' INT TERM
	trap - EXIT
	[ ${#pids[@]} -eq 0 ] || kill -TERM "${pids[@]}" 2>/dev/null || true
	for pid in "${pids[@]}"; do
		wait "$pid" 2>/dev/null || true
	done
}
trap stop_all EXIT
trap 'echo; echo "Stopping."; exit 0' INT TERM

die() {
	echo "demo: $*" >&2
	exit 1
}

heading() {
	printf '\n\033[1m== %s\033[0m\n' "$*"
}

show() {
	printf '\033[2m$ %s\033[0m\n' "$*"
}

is_taken() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Runs `grapnel ARGS…` beside us, its lines marked with who says them.
# Ctrl-C reaches everybody at once: the marking must outlive who it marks.
start() {
	local who=$1
	shift
	"$grapnel" "$@" > >(
		trap '' INT TERM
		exec sed -u "s/^/$who | /"
	) 2>&1 &
	pids+=($!)
}

# wait_for WHAT COMMAND…: until the command succeeds, ten seconds long.
wait_for() {
	local what=$1 deadline=$((SECONDS + 10))
	shift
	until "$@"; do
		for pid in "${pids[@]}"; do
			kill -0 "$pid" 2>/dev/null || die "it ended by itself"
		done
		[ "$SECONDS" -lt "$deadline" ] || die "not within 10 s: $what"
		sleep 0.1
	done
}

is_ready() {
	curl -sf -o /dev/null "$GRAPNEL_URL/readyz"
}

attempts() {
	"$grapnel" webhook deliveries "$webhook" --json
}

has_new_attempt() {
	[ "$(attempts)" != "$before" ]
}

# The webhook's id, or nothing when it is not there.
find_webhook() {
	"$grapnel" webhook list --json --filter "name eq '$webhook_name'" |
		grep -oE '"id": ?"[0-9a-f-]{36}"' | head -n 1 |
		grep -oE '[0-9a-f-]{36}' || true
}

publish() {
	show "grapnel publish --type $server_type --id $server_id $1"
	"$grapnel" publish --type "$server_type" --id "$server_id" "$1"
}

[ -x "$grapnel" ] || die "there is no $grapnel; run \`make build\` first"
if is_taken "$port"; then
	die "port $port is taken; another one: PORT=8081 make run"
fi
if is_taken "$receiver_port"; then
	die "port $receiver_port is taken; another one:" \
		"RECEIVER_PORT=9091 make run"
fi

heading "The hub starts on port $port, its data in $data"
start 'hub     ' serve --data "$data" --listen "127.0.0.1:$port" \
	--allow-http --allow-private 127.0.0.0/8
wait_for 'the hub is ready' is_ready

heading "A receiver starts on port $receiver_port"
start 'receiver' receive --listen "127.0.0.1:$receiver_port"
wait_for 'the receiver listens' is_taken "$receiver_port"

destination=http://127.0.0.1:$receiver_port/
webhook=$(find_webhook)
if [ -z "$webhook" ]; then
	heading 'A webhook for servers that are shut down, and its handshake'
	"$grapnel" webhook create --wait --name "$webhook_name" \
		--destination "$destination" --filter "type eq '$server_type' \
and old/hardware/powerState eq 'ON' and changed/hardware/powerState eq True"
	webhook=$(find_webhook)
else
	heading 'The webhook is there from an earlier run'
	"$grapnel" webhook get "$webhook" --json |
		grep -qE "\"status\": ?\"ACTIVE\"" &&
		"$grapnel" webhook get "$webhook" --json |
		grep -qF "\"$destination\"" ||
		"$grapnel" webhook patch "$webhook" --wait \
			--destination "$destination" --state enabled
fi

heading 'The server is ON: an event, but not one the filter lets through'
publish examples/demo/server-on.json
before=$(attempts)

heading 'The server is OFF: matched, and delivered'
publish examples/demo/server-off.json
wait_for 'the delivery' has_new_attempt
"$grapnel" webhook deliveries "$webhook"

heading 'It keeps serving; Ctrl-C ends it. Things to try in another terminal:'
cat <<END
export GRAPNEL_URL=$GRAPNEL_URL
export GRAPNEL_ADMIN_TOKEN=$GRAPNEL_ADMIN_TOKEN

# the webhooks, as the API tells them
curl -H "Authorization: Bearer \$GRAPNEL_ADMIN_TOKEN" \\
  \$GRAPNEL_URL/compute-ops-mgmt/v1beta1/webhooks

# the server is on again, then off again: one more delivery above
for state in on off; do
  curl -X PUT -H "Authorization: Bearer \$GRAPNEL_ADMIN_TOKEN" \\
    -H 'Content-Type: application/json' \\
    --data-binary @examples/demo/server-\$state.json \\
    \$GRAPNEL_URL/v1/resources/compute-ops%2Fserver/P52534-B21%2BDEMO0000X1
done

# the last state the hub knows; the counters; all commands
$grapnel resource get $server_type '$server_id'
curl -H "Authorization: Bearer \$GRAPNEL_ADMIN_TOKEN" \$GRAPNEL_URL/metrics
$grapnel --help
END
# Interrupted by the trap; ends by itself only when one of the two does.
wait -n "${pids[@]}" || true
die 'the hub or the receiver ended by itself'
