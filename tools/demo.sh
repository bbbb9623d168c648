#!/usr/bin/env bash
# The whole story on one terminal: a hub, a webhook for servers that are shut
# down, and a scenario that tells of one in Slack, by mail and in Notion, which
# are played by examples/demo/services.py. The webhook's destination is the
# scenario's hook in the same hub. Then it keeps serving until Ctrl-C.
#
#	tools/demo.sh BUILD_DIR
#
# PORT (8080) is where the hub listens, SERVICES_PORT (9090) and MAIL_PORT
# (9025) where the services do, DATA (./data) is the hub's folder,
# GRAPNEL_ADMIN_TOKEN the token (a new one if not set).
set -euo pipefail
cd "$(dirname "$0")/.."

grapnel=${1:-build}/grapnel
port=${PORT:-8080}
services_port=${SERVICES_PORT:-9090}
mail_port=${MAIL_PORT:-9025}
data=${DATA:-./data}
blueprint=examples/scenarios/com-server-shut-down.json
webhook_name='Server shutdown'
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

# show COMMAND…: says it (on the other output, for pipes), and does it.
show() {
	local said='' word
	for word; do
		case $word in *[!A-Za-z0-9_./:+=-]*) word=${word@Q} ;; esac
		said+=" $word"
	done
	printf '\033[2m$ grapnel%s\033[0m\n' "$said" >&2
	"$grapnel" "$@"
}

is_taken() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# start MARK COMMAND…: beside us, MARK before each of its lines.
# Ctrl-C reaches everybody at once: the marking must outlive who it marks.
start() {
	local mark=$1
	shift
	"$@" > >(
		trap '' INT TERM
		exec sed -u "s/^/$mark/"
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

# The first text of this name in JSON; nothing when there is none.
field() {
	grep -oE "\"$1\": ?\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4 || true
}

newest_run() {
	"$grapnel" scenario history "$scenario" --state SUCCESS --limit 1 \
		--json | field id
}

has_run() {
	[ "$(newest_run)" != "$before" ]
}

connect() {
	local is_there=()
	"$grapnel" connection list --json | grep -qE "\"id\": ?\"$1\"" &&
		is_there=(--update)
	"$grapnel" connection create "$@" --id "$1" "${is_there[@]}" >/dev/null
}

publish() {
	show publish --type "$server_type" --id "$server_id" "$1"
}

[ -x "$grapnel" ] || die "there is no $grapnel; run \`make build\` first"
for name in PORT:$port SERVICES_PORT:$services_port MAIL_PORT:$mail_port; do
	! is_taken "${name#*:}" || die "port ${name#*:} is taken;" \
		"another one: ${name%:*}=$((${name#*:} + 1)) make run"
done

heading "The hub starts on port $port, its data in $data"
start 'hub      | ' "$grapnel" serve --data "$data" \
	--listen "127.0.0.1:$port" --allow-http --allow-private 127.0.0.0/8
wait_for 'the hub is ready' is_ready

heading "Slack and Notion are played on port $services_port, mail on $mail_port"
start '' python3 examples/demo/services.py "$services_port" "$mail_port"
wait_for 'the services listen' is_taken "$services_port"
connect slack --type slack --member token=xoxb-demo \
	--member "baseUrl=http://127.0.0.1:$services_port/api"
connect notion --type notion --member token=ntn_demo \
	--member "baseUrl=http://127.0.0.1:$services_port"
connect mail --type email --member host=127.0.0.1 \
	--member "port=$mail_port" --member security=none \
	--member 'from=Grapnel <grapnel@example.com>'

webhook=$("$grapnel" webhook list --json \
	--filter "name eq '$webhook_name'" | field id)
if [ -z "$webhook" ]; then
	heading 'The scenario, a blueprint of Make, and its hook'
	show scenario check "$blueprint"
	scenario=$("$grapnel" scenario import "$blueprint" --enable --json |
		field id)
	hook=$("$grapnel" hook create shutdown --scenario "$scenario" --json |
		field id)
	heading 'A webhook to that hook; it must answer the challenge'
	show webhook create --wait --name "$webhook_name" \
		--destination "hook:$hook" --filter "type eq '$server_type' \
and old/hardware/powerState eq 'ON' and changed/hardware/powerState eq True" |
		grep -E '^(id|name|destination|status|secret)'
	before=
	wait_for 'the challenge is over' has_run
	heading 'The run by which the scenario answered the challenge'
	show scenario history "$scenario" "$(newest_run)"
else
	heading 'Scenario, hook and webhook are there from an earlier run'
	hook=$("$grapnel" webhook get "$webhook" --json | field destination)
	scenario=$("$grapnel" hook show "${hook#hook:}" --json |
		field scenarioId)
	"$grapnel" webhook get "$webhook" --json |
		grep -qE '"status": ?"ACTIVE"' ||
		"$grapnel" webhook enable "$webhook" --wait
fi

heading 'The server is ON: an event, but not one the filter lets through'
publish examples/demo/server-on.json
before=$(newest_run)

heading 'The server is OFF: matched, delivered, told'
publish examples/demo/server-off.json
wait_for 'the scenario has run' has_run

heading 'The delivery, and the steps of the run'
webhook=$("$grapnel" webhook list --json \
	--filter "name eq '$webhook_name'" | field id)
show webhook deliveries "$webhook"
show scenario history "$scenario" "$(newest_run)"

heading 'It keeps serving; Ctrl-C ends it. Things to try in another terminal:'
cat <<END
export GRAPNEL_URL=$GRAPNEL_URL
export GRAPNEL_ADMIN_TOKEN=$GRAPNEL_ADMIN_TOKEN

# the webhooks, as the API tells them
curl -H "Authorization: Bearer \$GRAPNEL_ADMIN_TOKEN" \\
  \$GRAPNEL_URL/compute-ops-mgmt/v1beta1/webhooks

# the server is on again, then off again: it is told once more above
for state in on off; do
  curl -X PUT -H "Authorization: Bearer \$GRAPNEL_ADMIN_TOKEN" \\
    -H 'Content-Type: application/json' \\
    --data-binary @examples/demo/server-\$state.json \\
    \$GRAPNEL_URL/v1/resources/compute-ops%2Fserver/P52534-B21%2BDEMO0000X1
done

# all runs; the last state the hub knows; the counters; all commands
$grapnel scenario history $scenario
$grapnel resource get $server_type '$server_id'
curl -H "Authorization: Bearer \$GRAPNEL_ADMIN_TOKEN" \$GRAPNEL_URL/metrics
$grapnel --help
END
# Interrupted by the trap; ends by itself only when one of the two does.
wait -n "${pids[@]}" || true
die 'the hub or the services ended by themselves'
