# Made by `grapnel help --format bash` from src/cli/commands.c. Change it there.
_grapnel() {
	local cur=${COMP_WORDS[COMP_CWORD]}
	local prev=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]} options=""

	if [ "$COMP_CWORD" -eq 1 ]; then
		COMPREPLY=($(compgen -W "serve receive publish version webhook subscription event-type resource event delivery replay allow-list connection data-store hook key scenario execution audit filter template json" -- "$cur"))
		return
	fi
	case $command in
	webhook)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "create list get patch enable disable delete deliveries log test replay verify rotate-secret" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	subscription)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "create list delete" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	event-type)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "list show register delete" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	resource)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "get delete" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	event)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "list get explain" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	delivery)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "list get retry" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	replay)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "list show cancel" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	allow-list)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "create list patch delete" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	connection)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "create list show delete" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	data-store)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "create list show records put get delete drop" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	hook)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "create list show log delete" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	key)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "create list revoke" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	scenario)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "check import list show run enable disable history retry drop replay delete" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	execution)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "list show retry drop replay" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	audit)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "list" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	filter)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "check eval explain" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	template)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "check eval functions" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	json)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "check" -- "$cur"))
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		;;
	esac
	case "$command $prev" in
	"serve --config") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"serve --data") COMPREPLY=($(compgen -d -- "$cur")); return ;;
	"serve --key-file") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"serve --retention-events") COMPREPLY=(); return ;;
	"serve --retention-deliveries") COMPREPLY=(); return ;;
	"serve --retention-executions") COMPREPLY=(); return ;;
	"serve --executions-max") COMPREPLY=(); return ;;
	"serve --retention-incomplete") COMPREPLY=(); return ;;
	"serve --store-max-bytes") COMPREPLY=(); return ;;
	"serve --listen") COMPREPLY=(); return ;;
	"serve --tls-certificate") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"serve --tls-key") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"serve --server-threads") COMPREPLY=(); return ;;
	"serve --connections-max") COMPREPLY=(); return ;;
	"serve --idle-timeout") COMPREPLY=(); return ;;
	"serve --body-max") COMPREPLY=(); return ;;
	"serve --bulk-body-max") COMPREPLY=(); return ;;
	"serve --key-notices") COMPREPLY=(); return ;;
	"serve --allow-private") COMPREPLY=(); return ;;
	"serve --ca-file") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"serve --proxy") COMPREPLY=(); return ;;
	"serve --proxy-lookup") COMPREPLY=($(compgen -W "hub proxy" -- "$cur")); return ;;
	"serve --no-proxy") COMPREPLY=(); return ;;
	"serve --dns-ttl") COMPREPLY=(); return ;;
	"serve --user-agent") COMPREPLY=(); return ;;
	"serve --source") COMPREPLY=(); return ;;
	"serve --origin") COMPREPLY=(); return ;;
	"serve --public-url") COMPREPLY=(); return ;;
	"serve --callback-timeout") COMPREPLY=(); return ;;
	"serve --connect-timeout") COMPREPLY=(); return ;;
	"serve --handshake-timeout") COMPREPLY=(); return ;;
	"serve --delivery-timeout") COMPREPLY=(); return ;;
	"serve --first-byte-timeout") COMPREPLY=(); return ;;
	"serve --webhooks-max") COMPREPLY=(); return ;;
	"serve --dedupe-window") COMPREPLY=(); return ;;
	"serve --greenlake-event-max") COMPREPLY=(); return ;;
	"serve --subscriptions-max") COMPREPLY=(); return ;;
	"serve --enables-max") COMPREPLY=(); return ;;
	"serve --enables-window") COMPREPLY=(); return ;;
	"serve --body-kept") COMPREPLY=(); return ;;
	"serve --retry-schedule") COMPREPLY=(); return ;;
	"serve --workers") COMPREPLY=(); return ;;
	"serve --concurrency") COMPREPLY=(); return ;;
	"serve --concurrency-total") COMPREPLY=(); return ;;
	"serve --window") COMPREPLY=(); return ;;
	"serve --window-total") COMPREPLY=(); return ;;
	"serve --queue-max") COMPREPLY=(); return ;;
	"serve --queue-bytes") COMPREPLY=(); return ;;
	"serve --batch-max") COMPREPLY=(); return ;;
	"serve --delivery-batch-max") COMPREPLY=(); return ;;
	"serve --delivery-batch-window") COMPREPLY=(); return ;;
	"serve --rate-heartbeat") COMPREPLY=(); return ;;
	"serve --flow-threads") COMPREPLY=(); return ;;
	"serve --flow-queue-max") COMPREPLY=(); return ;;
	"serve --flow-incomplete-max") COMPREPLY=(); return ;;
	"serve --flow-run-timeout") COMPREPLY=(); return ;;
	"serve --flow-step-timeout") COMPREPLY=(); return ;;
	"serve --greenlake-webhooks-max") COMPREPLY=(); return ;;
	"serve --greenlake-name-max") COMPREPLY=(); return ;;
	"serve --greenlake-description-max") COMPREPLY=(); return ;;
	"serve --greenlake-secret-min") COMPREPLY=(); return ;;
	"serve --greenlake-secret-max") COMPREPLY=(); return ;;
	"serve --greenlake-retry-schedule") COMPREPLY=(); return ;;
	"serve --challenge-retries") COMPREPLY=(); return ;;
	"serve --log-level") COMPREPLY=($(compgen -W "error warning info debug" -- "$cur")); return ;;
	"serve --stop-timeout") COMPREPLY=(); return ;;
	"receive --listen") COMPREPLY=(); return ;;
	"receive --status") COMPREPLY=(); return ;;
	"receive --secret") COMPREPLY=(); return ;;
	"receive --greenlake-secret") COMPREPLY=(); return ;;
	"receive --tls-certificate") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"receive --tls-key") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"receive --count") COMPREPLY=(); return ;;
	"publish --type") COMPREPLY=(); return ;;
	"publish --id") COMPREPLY=(); return ;;
	"publish --event") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"publish --bulk") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"publish --url") COMPREPLY=(); return ;;
	"publish --token") COMPREPLY=(); return ;;
	"publish --timeout") COMPREPLY=(); return ;;
	"webhook create --name") COMPREPLY=(); return ;;
	"webhook create --destination") COMPREPLY=(); return ;;
	"webhook create --filter") COMPREPLY=(); return ;;
	"webhook create --state") COMPREPLY=($(compgen -W "enabled disabled" -- "$cur")); return ;;
	"webhook create --header") COMPREPLY=(); return ;;
	"webhook create --dialect") COMPREPLY=($(compgen -W "com native greenlake" -- "$cur")); return ;;
	"webhook create --payload") COMPREPLY=($(compgen -W "resource cloudevent cloudevent-binary cloudevent-plain" -- "$cur")); return ;;
	"webhook create --batching") COMPREPLY=($(compgen -W "true false" -- "$cur")); return ;;
	"webhook create --handshake") COMPREPLY=($(compgen -W "com cloudevents greenlake none" -- "$cur")); return ;;
	"webhook create --signing") COMPREPLY=($(compgen -W "v1 v1a greenlake" -- "$cur")); return ;;
	"webhook create --failures") COMPREPLY=($(compgen -W "standard greenlake" -- "$cur")); return ;;
	"webhook create --retry-schedule") COMPREPLY=(); return ;;
	"webhook create --retry-window") COMPREPLY=(); return ;;
	"webhook create --delivery-timeout") COMPREPLY=(); return ;;
	"webhook create --concurrency") COMPREPLY=(); return ;;
	"webhook create --rate") COMPREPLY=(); return ;;
	"webhook create --ordering") COMPREPLY=($(compgen -W "none resource" -- "$cur")); return ;;
	"webhook create --ordering-limit") COMPREPLY=(); return ;;
	"webhook create --probe-after") COMPREPLY=(); return ;;
	"webhook create --probe-max") COMPREPLY=(); return ;;
	"webhook create --notify") COMPREPLY=(); return ;;
	"webhook create --auth-type") COMPREPLY=($(compgen -W "none apiKey basic oauth2" -- "$cur")); return ;;
	"webhook create --auth-header") COMPREPLY=(); return ;;
	"webhook create --auth-username") COMPREPLY=(); return ;;
	"webhook create --auth-token-url") COMPREPLY=(); return ;;
	"webhook create --auth-client-id") COMPREPLY=(); return ;;
	"webhook create --auth-scope") COMPREPLY=(); return ;;
	"webhook create --auth-secret") COMPREPLY=(); return ;;
	"webhook create --first-byte-timeout") COMPREPLY=(); return ;;
	"webhook create --tls-minimum") COMPREPLY=($(compgen -W "1.2 1.3" -- "$cur")); return ;;
	"webhook create --tls-authorities") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"webhook create --tls-certificate") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"webhook create --tls-key") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"webhook create --proxy") COMPREPLY=(); return ;;
	"webhook create --proxy-username") COMPREPLY=(); return ;;
	"webhook create --proxy-password") COMPREPLY=(); return ;;
	"webhook create --proxy-lookup") COMPREPLY=($(compgen -W "hub proxy" -- "$cur")); return ;;
	"webhook create --allow-list") COMPREPLY=(); return ;;
	"webhook create --secret") COMPREPLY=(); return ;;
	"webhook create --second-secret") COMPREPLY=(); return ;;
	"webhook create --description") COMPREPLY=(); return ;;
	"webhook create --challenge") COMPREPLY=($(compgen -W "true false" -- "$cur")); return ;;
	"webhook create --url") COMPREPLY=(); return ;;
	"webhook create --token") COMPREPLY=(); return ;;
	"webhook create --timeout") COMPREPLY=(); return ;;
	"webhook list --limit") COMPREPLY=(); return ;;
	"webhook list --offset") COMPREPLY=(); return ;;
	"webhook list --filter") COMPREPLY=(); return ;;
	"webhook list --sort") COMPREPLY=(); return ;;
	"webhook list --url") COMPREPLY=(); return ;;
	"webhook list --token") COMPREPLY=(); return ;;
	"webhook list --timeout") COMPREPLY=(); return ;;
	"webhook get --url") COMPREPLY=(); return ;;
	"webhook get --token") COMPREPLY=(); return ;;
	"webhook get --timeout") COMPREPLY=(); return ;;
	"webhook patch --name") COMPREPLY=(); return ;;
	"webhook patch --destination") COMPREPLY=(); return ;;
	"webhook patch --filter") COMPREPLY=(); return ;;
	"webhook patch --state") COMPREPLY=($(compgen -W "enabled disabled" -- "$cur")); return ;;
	"webhook patch --header") COMPREPLY=(); return ;;
	"webhook patch --remove-header") COMPREPLY=(); return ;;
	"webhook patch --dialect") COMPREPLY=($(compgen -W "native greenlake" -- "$cur")); return ;;
	"webhook patch --payload") COMPREPLY=($(compgen -W "resource cloudevent cloudevent-binary cloudevent-plain" -- "$cur")); return ;;
	"webhook patch --batching") COMPREPLY=($(compgen -W "true false" -- "$cur")); return ;;
	"webhook patch --handshake") COMPREPLY=($(compgen -W "com cloudevents greenlake none" -- "$cur")); return ;;
	"webhook patch --signing") COMPREPLY=($(compgen -W "v1 v1a greenlake" -- "$cur")); return ;;
	"webhook patch --failures") COMPREPLY=($(compgen -W "standard greenlake" -- "$cur")); return ;;
	"webhook patch --retry-schedule") COMPREPLY=(); return ;;
	"webhook patch --retry-window") COMPREPLY=(); return ;;
	"webhook patch --delivery-timeout") COMPREPLY=(); return ;;
	"webhook patch --concurrency") COMPREPLY=(); return ;;
	"webhook patch --rate") COMPREPLY=(); return ;;
	"webhook patch --ordering") COMPREPLY=($(compgen -W "none resource" -- "$cur")); return ;;
	"webhook patch --ordering-limit") COMPREPLY=(); return ;;
	"webhook patch --probe-after") COMPREPLY=(); return ;;
	"webhook patch --probe-max") COMPREPLY=(); return ;;
	"webhook patch --notify") COMPREPLY=(); return ;;
	"webhook patch --auth-type") COMPREPLY=($(compgen -W "none apiKey basic oauth2" -- "$cur")); return ;;
	"webhook patch --auth-header") COMPREPLY=(); return ;;
	"webhook patch --auth-username") COMPREPLY=(); return ;;
	"webhook patch --auth-token-url") COMPREPLY=(); return ;;
	"webhook patch --auth-client-id") COMPREPLY=(); return ;;
	"webhook patch --auth-scope") COMPREPLY=(); return ;;
	"webhook patch --auth-secret") COMPREPLY=(); return ;;
	"webhook patch --first-byte-timeout") COMPREPLY=(); return ;;
	"webhook patch --tls-minimum") COMPREPLY=($(compgen -W "1.2 1.3" -- "$cur")); return ;;
	"webhook patch --tls-authorities") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"webhook patch --tls-certificate") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"webhook patch --tls-key") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"webhook patch --proxy") COMPREPLY=(); return ;;
	"webhook patch --proxy-username") COMPREPLY=(); return ;;
	"webhook patch --proxy-password") COMPREPLY=(); return ;;
	"webhook patch --proxy-lookup") COMPREPLY=($(compgen -W "hub proxy" -- "$cur")); return ;;
	"webhook patch --allow-list") COMPREPLY=(); return ;;
	"webhook patch --secret") COMPREPLY=(); return ;;
	"webhook patch --second-secret") COMPREPLY=(); return ;;
	"webhook patch --description") COMPREPLY=(); return ;;
	"webhook patch --challenge") COMPREPLY=($(compgen -W "true false" -- "$cur")); return ;;
	"webhook patch --url") COMPREPLY=(); return ;;
	"webhook patch --token") COMPREPLY=(); return ;;
	"webhook patch --timeout") COMPREPLY=(); return ;;
	"webhook enable --url") COMPREPLY=(); return ;;
	"webhook enable --token") COMPREPLY=(); return ;;
	"webhook enable --timeout") COMPREPLY=(); return ;;
	"webhook disable --url") COMPREPLY=(); return ;;
	"webhook disable --token") COMPREPLY=(); return ;;
	"webhook disable --timeout") COMPREPLY=(); return ;;
	"webhook delete --url") COMPREPLY=(); return ;;
	"webhook delete --token") COMPREPLY=(); return ;;
	"webhook delete --timeout") COMPREPLY=(); return ;;
	"webhook deliveries --url") COMPREPLY=(); return ;;
	"webhook deliveries --token") COMPREPLY=(); return ;;
	"webhook deliveries --timeout") COMPREPLY=(); return ;;
	"webhook log --limit") COMPREPLY=(); return ;;
	"webhook log --cursor") COMPREPLY=(); return ;;
	"webhook log --url") COMPREPLY=(); return ;;
	"webhook log --token") COMPREPLY=(); return ;;
	"webhook log --timeout") COMPREPLY=(); return ;;
	"webhook test --url") COMPREPLY=(); return ;;
	"webhook test --token") COMPREPLY=(); return ;;
	"webhook test --timeout") COMPREPLY=(); return ;;
	"webhook replay --which") COMPREPLY=($(compgen -W "failed skipped all" -- "$cur")); return ;;
	"webhook replay --from") COMPREPLY=(); return ;;
	"webhook replay --to") COMPREPLY=(); return ;;
	"webhook replay --filter") COMPREPLY=(); return ;;
	"webhook replay --rate") COMPREPLY=(); return ;;
	"webhook replay --url") COMPREPLY=(); return ;;
	"webhook replay --token") COMPREPLY=(); return ;;
	"webhook replay --timeout") COMPREPLY=(); return ;;
	"webhook verify --url") COMPREPLY=(); return ;;
	"webhook verify --token") COMPREPLY=(); return ;;
	"webhook verify --timeout") COMPREPLY=(); return ;;
	"webhook rotate-secret --overlap") COMPREPLY=(); return ;;
	"webhook rotate-secret --url") COMPREPLY=(); return ;;
	"webhook rotate-secret --token") COMPREPLY=(); return ;;
	"webhook rotate-secret --timeout") COMPREPLY=(); return ;;
	"subscription create --webhook") COMPREPLY=(); return ;;
	"subscription create --type") COMPREPLY=(); return ;;
	"subscription create --filter") COMPREPLY=(); return ;;
	"subscription create --url") COMPREPLY=(); return ;;
	"subscription create --token") COMPREPLY=(); return ;;
	"subscription create --timeout") COMPREPLY=(); return ;;
	"subscription list --webhook") COMPREPLY=(); return ;;
	"subscription list --url") COMPREPLY=(); return ;;
	"subscription list --token") COMPREPLY=(); return ;;
	"subscription list --timeout") COMPREPLY=(); return ;;
	"subscription delete --url") COMPREPLY=(); return ;;
	"subscription delete --token") COMPREPLY=(); return ;;
	"subscription delete --timeout") COMPREPLY=(); return ;;
	"event-type list --group") COMPREPLY=(); return ;;
	"event-type list --url") COMPREPLY=(); return ;;
	"event-type list --token") COMPREPLY=(); return ;;
	"event-type list --timeout") COMPREPLY=(); return ;;
	"event-type show --url") COMPREPLY=(); return ;;
	"event-type show --token") COMPREPLY=(); return ;;
	"event-type show --timeout") COMPREPLY=(); return ;;
	"event-type register --schema") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"event-type register --validation") COMPREPLY=($(compgen -W "refuse warn off" -- "$cur")); return ;;
	"event-type register --sample") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"event-type register --friendly-name") COMPREPLY=(); return ;;
	"event-type register --description") COMPREPLY=(); return ;;
	"event-type register --service-manager") COMPREPLY=(); return ;;
	"event-type register --group") COMPREPLY=(); return ;;
	"event-type register --kind") COMPREPLY=($(compgen -W "event resource" -- "$cur")); return ;;
	"event-type register --dataschema") COMPREPLY=(); return ;;
	"event-type register --url") COMPREPLY=(); return ;;
	"event-type register --token") COMPREPLY=(); return ;;
	"event-type register --timeout") COMPREPLY=(); return ;;
	"event-type delete --url") COMPREPLY=(); return ;;
	"event-type delete --token") COMPREPLY=(); return ;;
	"event-type delete --timeout") COMPREPLY=(); return ;;
	"resource get --url") COMPREPLY=(); return ;;
	"resource get --token") COMPREPLY=(); return ;;
	"resource get --timeout") COMPREPLY=(); return ;;
	"resource delete --url") COMPREPLY=(); return ;;
	"resource delete --token") COMPREPLY=(); return ;;
	"resource delete --timeout") COMPREPLY=(); return ;;
	"event list --type") COMPREPLY=(); return ;;
	"event list --subject") COMPREPLY=(); return ;;
	"event list --from") COMPREPLY=(); return ;;
	"event list --to") COMPREPLY=(); return ;;
	"event list --limit") COMPREPLY=(); return ;;
	"event list --cursor") COMPREPLY=(); return ;;
	"event list --url") COMPREPLY=(); return ;;
	"event list --token") COMPREPLY=(); return ;;
	"event list --timeout") COMPREPLY=(); return ;;
	"event get --url") COMPREPLY=(); return ;;
	"event get --token") COMPREPLY=(); return ;;
	"event get --timeout") COMPREPLY=(); return ;;
	"event explain --url") COMPREPLY=(); return ;;
	"event explain --token") COMPREPLY=(); return ;;
	"event explain --timeout") COMPREPLY=(); return ;;
	"delivery list --webhook") COMPREPLY=(); return ;;
	"delivery list --event") COMPREPLY=(); return ;;
	"delivery list --state") COMPREPLY=(); return ;;
	"delivery list --type") COMPREPLY=(); return ;;
	"delivery list --text") COMPREPLY=(); return ;;
	"delivery list --from") COMPREPLY=(); return ;;
	"delivery list --to") COMPREPLY=(); return ;;
	"delivery list --limit") COMPREPLY=(); return ;;
	"delivery list --cursor") COMPREPLY=(); return ;;
	"delivery list --url") COMPREPLY=(); return ;;
	"delivery list --token") COMPREPLY=(); return ;;
	"delivery list --timeout") COMPREPLY=(); return ;;
	"delivery get --url") COMPREPLY=(); return ;;
	"delivery get --token") COMPREPLY=(); return ;;
	"delivery get --timeout") COMPREPLY=(); return ;;
	"delivery retry --destination") COMPREPLY=(); return ;;
	"delivery retry --url") COMPREPLY=(); return ;;
	"delivery retry --token") COMPREPLY=(); return ;;
	"delivery retry --timeout") COMPREPLY=(); return ;;
	"replay list --url") COMPREPLY=(); return ;;
	"replay list --token") COMPREPLY=(); return ;;
	"replay list --timeout") COMPREPLY=(); return ;;
	"replay show --url") COMPREPLY=(); return ;;
	"replay show --token") COMPREPLY=(); return ;;
	"replay show --timeout") COMPREPLY=(); return ;;
	"replay cancel --url") COMPREPLY=(); return ;;
	"replay cancel --token") COMPREPLY=(); return ;;
	"replay cancel --timeout") COMPREPLY=(); return ;;
	"allow-list create --network") COMPREPLY=(); return ;;
	"allow-list create --host") COMPREPLY=(); return ;;
	"allow-list create --description") COMPREPLY=(); return ;;
	"allow-list create --url") COMPREPLY=(); return ;;
	"allow-list create --token") COMPREPLY=(); return ;;
	"allow-list create --timeout") COMPREPLY=(); return ;;
	"allow-list list --url") COMPREPLY=(); return ;;
	"allow-list list --token") COMPREPLY=(); return ;;
	"allow-list list --timeout") COMPREPLY=(); return ;;
	"allow-list patch --network") COMPREPLY=(); return ;;
	"allow-list patch --host") COMPREPLY=(); return ;;
	"allow-list patch --description") COMPREPLY=(); return ;;
	"allow-list patch --url") COMPREPLY=(); return ;;
	"allow-list patch --token") COMPREPLY=(); return ;;
	"allow-list patch --timeout") COMPREPLY=(); return ;;
	"allow-list delete --url") COMPREPLY=(); return ;;
	"allow-list delete --token") COMPREPLY=(); return ;;
	"allow-list delete --timeout") COMPREPLY=(); return ;;
	"audit list --from") COMPREPLY=(); return ;;
	"audit list --to") COMPREPLY=(); return ;;
	"audit list --category") COMPREPLY=(); return ;;
	"audit list --who") COMPREPLY=(); return ;;
	"audit list --limit") COMPREPLY=(); return ;;
	"audit list --cursor") COMPREPLY=(); return ;;
	"audit list --url") COMPREPLY=(); return ;;
	"audit list --token") COMPREPLY=(); return ;;
	"audit list --timeout") COMPREPLY=(); return ;;
	"connection create --type") COMPREPLY=(); return ;;
	"connection create --id") COMPREPLY=(); return ;;
	"connection create --member") COMPREPLY=(); return ;;
	"connection create --url") COMPREPLY=(); return ;;
	"connection create --token") COMPREPLY=(); return ;;
	"connection create --timeout") COMPREPLY=(); return ;;
	"connection list --url") COMPREPLY=(); return ;;
	"connection list --token") COMPREPLY=(); return ;;
	"connection list --timeout") COMPREPLY=(); return ;;
	"connection show --url") COMPREPLY=(); return ;;
	"connection show --token") COMPREPLY=(); return ;;
	"connection show --timeout") COMPREPLY=(); return ;;
	"connection delete --url") COMPREPLY=(); return ;;
	"connection delete --token") COMPREPLY=(); return ;;
	"connection delete --timeout") COMPREPLY=(); return ;;
	"data-store create --name") COMPREPLY=(); return ;;
	"data-store create --description") COMPREPLY=(); return ;;
	"data-store create --structure") COMPREPLY=($(compgen -f -- "$cur")); return ;;
	"data-store create --strict") COMPREPLY=(); return ;;
	"data-store create --max-records") COMPREPLY=(); return ;;
	"data-store create --max-bytes") COMPREPLY=(); return ;;
	"data-store create --url") COMPREPLY=(); return ;;
	"data-store create --token") COMPREPLY=(); return ;;
	"data-store create --timeout") COMPREPLY=(); return ;;
	"data-store list --url") COMPREPLY=(); return ;;
	"data-store list --token") COMPREPLY=(); return ;;
	"data-store list --timeout") COMPREPLY=(); return ;;
	"data-store show --url") COMPREPLY=(); return ;;
	"data-store show --token") COMPREPLY=(); return ;;
	"data-store show --timeout") COMPREPLY=(); return ;;
	"data-store records --limit") COMPREPLY=(); return ;;
	"data-store records --after") COMPREPLY=(); return ;;
	"data-store records --filter") COMPREPLY=(); return ;;
	"data-store records --sort") COMPREPLY=(); return ;;
	"data-store records --url") COMPREPLY=(); return ;;
	"data-store records --token") COMPREPLY=(); return ;;
	"data-store records --timeout") COMPREPLY=(); return ;;
	"data-store put --url") COMPREPLY=(); return ;;
	"data-store put --token") COMPREPLY=(); return ;;
	"data-store put --timeout") COMPREPLY=(); return ;;
	"data-store get --url") COMPREPLY=(); return ;;
	"data-store get --token") COMPREPLY=(); return ;;
	"data-store get --timeout") COMPREPLY=(); return ;;
	"data-store delete --url") COMPREPLY=(); return ;;
	"data-store delete --token") COMPREPLY=(); return ;;
	"data-store delete --timeout") COMPREPLY=(); return ;;
	"data-store drop --url") COMPREPLY=(); return ;;
	"data-store drop --token") COMPREPLY=(); return ;;
	"data-store drop --timeout") COMPREPLY=(); return ;;
	"hook create --scenario") COMPREPLY=(); return ;;
	"hook create --challenge") COMPREPLY=(); return ;;
	"hook create --signature") COMPREPLY=(); return ;;
	"hook create --secret") COMPREPLY=(); return ;;
	"hook create --api-key") COMPREPLY=(); return ;;
	"hook create --network") COMPREPLY=(); return ;;
	"hook create --trusted-proxy") COMPREPLY=(); return ;;
	"hook create --dedupe") COMPREPLY=(); return ;;
	"hook create --url") COMPREPLY=(); return ;;
	"hook create --token") COMPREPLY=(); return ;;
	"hook create --timeout") COMPREPLY=(); return ;;
	"hook list --url") COMPREPLY=(); return ;;
	"hook list --token") COMPREPLY=(); return ;;
	"hook list --timeout") COMPREPLY=(); return ;;
	"hook show --url") COMPREPLY=(); return ;;
	"hook show --token") COMPREPLY=(); return ;;
	"hook show --timeout") COMPREPLY=(); return ;;
	"hook log --url") COMPREPLY=(); return ;;
	"hook log --token") COMPREPLY=(); return ;;
	"hook log --timeout") COMPREPLY=(); return ;;
	"hook delete --url") COMPREPLY=(); return ;;
	"hook delete --token") COMPREPLY=(); return ;;
	"hook delete --timeout") COMPREPLY=(); return ;;
	"key create --role") COMPREPLY=($(compgen -W "viewer publisher admin" -- "$cur")); return ;;
	"key create --name") COMPREPLY=(); return ;;
	"key create --expires") COMPREPLY=(); return ;;
	"key create --url") COMPREPLY=(); return ;;
	"key create --token") COMPREPLY=(); return ;;
	"key create --timeout") COMPREPLY=(); return ;;
	"key list --url") COMPREPLY=(); return ;;
	"key list --token") COMPREPLY=(); return ;;
	"key list --timeout") COMPREPLY=(); return ;;
	"key revoke --url") COMPREPLY=(); return ;;
	"key revoke --token") COMPREPLY=(); return ;;
	"key revoke --timeout") COMPREPLY=(); return ;;
	"scenario import --name") COMPREPLY=(); return ;;
	"scenario import --zone") COMPREPLY=(); return ;;
	"scenario import --scheduling") COMPREPLY=(); return ;;
	"scenario import --update") COMPREPLY=(); return ;;
	"scenario import --url") COMPREPLY=(); return ;;
	"scenario import --token") COMPREPLY=(); return ;;
	"scenario import --timeout") COMPREPLY=(); return ;;
	"scenario list --url") COMPREPLY=(); return ;;
	"scenario list --token") COMPREPLY=(); return ;;
	"scenario list --timeout") COMPREPLY=(); return ;;
	"scenario show --revision") COMPREPLY=(); return ;;
	"scenario show --url") COMPREPLY=(); return ;;
	"scenario show --token") COMPREPLY=(); return ;;
	"scenario show --timeout") COMPREPLY=(); return ;;
	"scenario run --url") COMPREPLY=(); return ;;
	"scenario run --token") COMPREPLY=(); return ;;
	"scenario run --timeout") COMPREPLY=(); return ;;
	"scenario enable --url") COMPREPLY=(); return ;;
	"scenario enable --token") COMPREPLY=(); return ;;
	"scenario enable --timeout") COMPREPLY=(); return ;;
	"scenario disable --url") COMPREPLY=(); return ;;
	"scenario disable --token") COMPREPLY=(); return ;;
	"scenario disable --timeout") COMPREPLY=(); return ;;
	"scenario history --state") COMPREPLY=($(compgen -W "QUEUED RUNNING SUCCESS WARNING ERROR INCOMPLETE DROPPED" -- "$cur")); return ;;
	"scenario history --limit") COMPREPLY=(); return ;;
	"scenario history --url") COMPREPLY=(); return ;;
	"scenario history --token") COMPREPLY=(); return ;;
	"scenario history --timeout") COMPREPLY=(); return ;;
	"scenario retry --url") COMPREPLY=(); return ;;
	"scenario retry --token") COMPREPLY=(); return ;;
	"scenario retry --timeout") COMPREPLY=(); return ;;
	"scenario drop --url") COMPREPLY=(); return ;;
	"scenario drop --token") COMPREPLY=(); return ;;
	"scenario drop --timeout") COMPREPLY=(); return ;;
	"scenario replay --version") COMPREPLY=($(compgen -W "present then" -- "$cur")); return ;;
	"scenario replay --url") COMPREPLY=(); return ;;
	"scenario replay --token") COMPREPLY=(); return ;;
	"scenario replay --timeout") COMPREPLY=(); return ;;
	"scenario delete --url") COMPREPLY=(); return ;;
	"scenario delete --token") COMPREPLY=(); return ;;
	"scenario delete --timeout") COMPREPLY=(); return ;;
	"execution list --scenario") COMPREPLY=(); return ;;
	"execution list --state") COMPREPLY=($(compgen -W "QUEUED RUNNING SUCCESS WARNING ERROR INCOMPLETE DROPPED" -- "$cur")); return ;;
	"execution list --limit") COMPREPLY=(); return ;;
	"execution list --url") COMPREPLY=(); return ;;
	"execution list --token") COMPREPLY=(); return ;;
	"execution list --timeout") COMPREPLY=(); return ;;
	"execution show --url") COMPREPLY=(); return ;;
	"execution show --token") COMPREPLY=(); return ;;
	"execution show --timeout") COMPREPLY=(); return ;;
	"execution retry --url") COMPREPLY=(); return ;;
	"execution retry --token") COMPREPLY=(); return ;;
	"execution retry --timeout") COMPREPLY=(); return ;;
	"execution drop --url") COMPREPLY=(); return ;;
	"execution drop --token") COMPREPLY=(); return ;;
	"execution drop --timeout") COMPREPLY=(); return ;;
	"execution replay --version") COMPREPLY=($(compgen -W "present then" -- "$cur")); return ;;
	"execution replay --url") COMPREPLY=(); return ;;
	"execution replay --token") COMPREPLY=(); return ;;
	"execution replay --timeout") COMPREPLY=(); return ;;
	esac
	case "$command" in
	"serve") options="--config --check-config --data --key-file --retention-events --retention-deliveries --retention-executions --executions-max --retention-incomplete --store-max-bytes --listen --tls-certificate --tls-key --insecure-listen --metrics-public --server-threads --connections-max --idle-timeout --body-max --bulk-body-max --key-notices --allow-http --allow-private --ca-file --allow-lists --proxy --proxy-lookup --no-proxy --dns-ttl --io-uring --user-agent --source --origin --public-url --callback-timeout --connect-timeout --handshake-timeout --delivery-timeout --first-byte-timeout --webhooks-max --dedupe-window --greenlake-event-max --subscriptions-max --enables-max --enables-window --body-kept --retry-schedule --workers --concurrency --concurrency-total --window --window-total --queue-max --queue-bytes --batch-max --delivery-batch-max --delivery-batch-window --rate-heartbeat --flow-threads --flow-queue-max --flow-incomplete-max --flow-run-timeout --flow-step-timeout --greenlake-webhooks-max --greenlake-name-max --greenlake-description-max --greenlake-secret-min --greenlake-secret-max --greenlake-retry-schedule --challenge-retries --log-level --stop-timeout --help" ;;
	"receive") options="--listen --status --secret --greenlake-secret --tls-certificate --tls-key --count --quiet --json --help" ;;
	"publish") options="--type --id --event --bulk --url --token --timeout --json --help" ;;
	"version") options="--json --help" ;;
	"webhook create") options="--name --destination --filter --state --header --dialect --wait --payload --batching --handshake --signing --failures --retry-schedule --retry-window --delivery-timeout --concurrency --rate --ordering --ordering-limit --probe-after --probe-max --notify --auth-type --auth-header --auth-username --auth-token-url --auth-client-id --auth-scope --auth-secret --first-byte-timeout --tls-minimum --tls-authorities --tls-certificate --tls-key --proxy --proxy-username --proxy-password --proxy-lookup --allow-list --secret --second-secret --description --challenge --url --token --timeout --json --help" ;;
	"webhook list") options="--limit --offset --filter --sort --url --token --timeout --json --help" ;;
	"webhook get") options="--url --token --timeout --json --help" ;;
	"webhook patch") options="--name --destination --filter --state --header --remove-header --dialect --wait --payload --batching --handshake --signing --failures --retry-schedule --retry-window --delivery-timeout --concurrency --rate --ordering --ordering-limit --probe-after --probe-max --notify --auth-type --auth-header --auth-username --auth-token-url --auth-client-id --auth-scope --auth-secret --first-byte-timeout --tls-minimum --tls-authorities --tls-certificate --tls-key --proxy --proxy-username --proxy-password --proxy-lookup --allow-list --secret --second-secret --description --challenge --url --token --timeout --json --help" ;;
	"webhook enable") options="--wait --url --token --timeout --json --help" ;;
	"webhook disable") options="--url --token --timeout --json --help" ;;
	"webhook delete") options="--url --token --timeout --json --help" ;;
	"webhook deliveries") options="--url --token --timeout --json --help" ;;
	"webhook log") options="--limit --cursor --url --token --timeout --json --help" ;;
	"webhook test") options="--url --token --timeout --json --help" ;;
	"webhook replay") options="--which --from --to --filter --rate --preview --url --token --timeout --json --help" ;;
	"webhook verify") options="--url --token --timeout --json --help" ;;
	"webhook rotate-secret") options="--overlap --url --token --timeout --json --help" ;;
	"subscription create") options="--webhook --type --filter --url --token --timeout --json --help" ;;
	"subscription list") options="--webhook --url --token --timeout --json --help" ;;
	"subscription delete") options="--url --token --timeout --json --help" ;;
	"event-type list") options="--group --url --token --timeout --json --help" ;;
	"event-type show") options="--schema --url --token --timeout --json --help" ;;
	"event-type register") options="--schema --validation --sample --friendly-name --description --service-manager --group --kind --dataschema --deprecated --update --url --token --timeout --json --help" ;;
	"event-type delete") options="--url --token --timeout --json --help" ;;
	"resource get") options="--url --token --timeout --json --help" ;;
	"resource delete") options="--url --token --timeout --json --help" ;;
	"event list") options="--type --subject --from --to --limit --cursor --url --token --timeout --json --help" ;;
	"event get") options="--url --token --timeout --json --help" ;;
	"event explain") options="--url --token --timeout --json --help" ;;
	"delivery list") options="--webhook --event --state --type --text --from --to --limit --cursor --url --token --timeout --json --help" ;;
	"delivery get") options="--url --token --timeout --json --help" ;;
	"delivery retry") options="--destination --url --token --timeout --json --help" ;;
	"replay list") options="--url --token --timeout --json --help" ;;
	"replay show") options="--url --token --timeout --json --help" ;;
	"replay cancel") options="--url --token --timeout --json --help" ;;
	"allow-list create") options="--network --host --description --default --url --token --timeout --json --help" ;;
	"allow-list list") options="--url --token --timeout --json --help" ;;
	"allow-list patch") options="--network --host --description --default --url --token --timeout --json --help" ;;
	"allow-list delete") options="--url --token --timeout --json --help" ;;
	"audit list") options="--from --to --category --who --limit --cursor --url --token --timeout --json --help" ;;
	"connection create") options="--type --id --member --update --url --token --timeout --json --help" ;;
	"connection list") options="--url --token --timeout --json --help" ;;
	"connection show") options="--url --token --timeout --json --help" ;;
	"connection delete") options="--url --token --timeout --json --help" ;;
	"data-store create") options="--name --description --structure --strict --max-records --max-bytes --update --url --token --timeout --json --help" ;;
	"data-store list") options="--url --token --timeout --json --help" ;;
	"data-store show") options="--url --token --timeout --json --help" ;;
	"data-store records") options="--limit --after --filter --sort --url --token --timeout --json --help" ;;
	"data-store put") options="--merge --url --token --timeout --json --help" ;;
	"data-store get") options="--url --token --timeout --json --help" ;;
	"data-store delete") options="--all --url --token --timeout --json --help" ;;
	"data-store drop") options="--url --token --timeout --json --help" ;;
	"hook create") options="--scenario --challenge --signature --secret --api-key --network --trusted-proxy --dedupe --url --token --timeout --json --help" ;;
	"hook list") options="--url --token --timeout --json --help" ;;
	"hook show") options="--url --token --timeout --json --help" ;;
	"hook log") options="--url --token --timeout --json --help" ;;
	"hook delete") options="--url --token --timeout --json --help" ;;
	"key create") options="--role --name --expires --url --token --timeout --json --help" ;;
	"key list") options="--url --token --timeout --json --help" ;;
	"key revoke") options="--url --token --timeout --json --help" ;;
	"scenario check") options="--json --help" ;;
	"scenario import") options="--name --enable --zone --scheduling --update --url --token --timeout --json --help" ;;
	"scenario list") options="--url --token --timeout --json --help" ;;
	"scenario show") options="--blueprint --revision --url --token --timeout --json --help" ;;
	"scenario run") options="--wait --once --url --token --timeout --json --help" ;;
	"scenario enable") options="--url --token --timeout --json --help" ;;
	"scenario disable") options="--url --token --timeout --json --help" ;;
	"scenario history") options="--state --limit --url --token --timeout --json --help" ;;
	"scenario retry") options="--url --token --timeout --json --help" ;;
	"scenario drop") options="--url --token --timeout --json --help" ;;
	"scenario replay") options="--version --wait --url --token --timeout --json --help" ;;
	"scenario delete") options="--url --token --timeout --json --help" ;;
	"execution list") options="--scenario --state --limit --url --token --timeout --json --help" ;;
	"execution show") options="--url --token --timeout --json --help" ;;
	"execution retry") options="--url --token --timeout --json --help" ;;
	"execution drop") options="--url --token --timeout --json --help" ;;
	"execution replay") options="--version --wait --url --token --timeout --json --help" ;;
	"filter check") options="--help" ;;
	"filter eval") options="--batch --help" ;;
	"filter explain") options="--json --help" ;;
	"template check") options="--help" ;;
	"template eval") options="--batch --help" ;;
	"template functions") options="--help" ;;
	"json check") options="--help" ;;
	esac
	case $cur in
	-*) COMPREPLY=($(compgen -W "$options" -- "$cur")) ;;
	*) COMPREPLY=($(compgen -f -- "$cur")) ;;
	esac
}
complete -o filenames -F _grapnel grapnel
