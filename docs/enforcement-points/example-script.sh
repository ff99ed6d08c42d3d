#!/bin/sh
# An enforcement point of one's own: accounts in a list of those who may not, one name a line, as at.deny(5), cron.deny or the user list
# of an FTP server has it. Needs jq, flock and the coreutils. The variable DENY_LIST names the list.
#
# Cordon writes an order as JSON to standard input and reads an answer from standard output; see script.md for the contract.
set -eu
umask 022

fail() { # fail CODE WORDS
    code=$1
    shift
    echo "$*" >&2
    exit "$code"
}

[ -n "${DENY_LIST:-}" ] || fail 78 "DENY_LIST is not set"
marks=$DENY_LIST.marks # lines: mark, tab, name
order=$(cat)
get() { printf '%s' "$order" | jq --exit-status --raw-output "$1"; }

verb=$(get .verb) || fail 64 "no verb"
if [ "$verb" = capabilities ]; then
    printf '%s\n' '{"kinds": ["account"], "holds-lease": false, "survives-restart": true,
        "leaves-open": "jobs that were accepted before, until they have run"}'
    exit 0
fi

[ "$(get .target.kind)" = account ] || fail 64 "only accounts can be put on the list"
name=$(get .target.account) || fail 64 "no name"
[ -f "$DENY_LIST" ] || fail 69 "there is no list"

# Nobody else of this script changes the list meanwhile.
exec 9>"$DENY_LIST.held"
flock 9

listed() { grep --quiet --line-regexp --fixed-strings -e "$name" "$DENY_LIST"; }
mark() { [ ! -f "$marks" ] || name=$name awk -F '\t' '$2 == ENVIRON["name"] { print $1; exit }' "$marks"; }

# Replaces a file by standard input in one step: whoever reads it meanwhile sees the old or the new one.
replace() {
    cat >"$1.new"
    sync "$1.new"
    mv "$1.new" "$1"
}

without() { # without FILE: its lines but for this name's
    if [ "$1" = "$marks" ]; then
        [ ! -f "$marks" ] || name=$name awk -F '\t' '$2 != ENVIRON["name"]' "$marks"
    else
        grep --invert-match --line-regexp --fixed-strings -e "$name" "$1" || true
    fi
}

observation() {
    if listed; then
        jq --null-input --arg mark "$(mark)" \
            '{standing: "withdrawn", state: {listed: true}} + (if $mark == "" then {} else {mark: $mark} end)'
    else
        printf '%s\n' '{"standing": "open", "state": {"listed": false}}'
    fi
}

case $verb in
observe) observation ;;
apply)
    # The state is compared here too: between Cordon's look and this order somebody may have been at the list.
    get '.prior == {listed: false}' >/dev/null || fail 65 "the list is not as it was"
    if ! listed; then
        # First the mark, then the name: a crash between leaves a mark without effect, never a name that nobody takes off again.
        {
            without "$marks"
            printf '%s\t%s\n' "$(get .mark)" "$name"
        } | replace "$marks"
        {
            awk 1 "$DENY_LIST" # with a line end after the last name
            printf '%s\n' "$name"
        } | replace "$DENY_LIST"
    elif [ "$(mark)" != "$(get .mark)" ]; then
        fail 65 "somebody else put the name on the list"
    fi
    observation
    ;;
lift)
    get '.prior == {listed: false}' >/dev/null || fail 65 "the list was not like that"
    if listed; then
        [ "$(mark)" = "$(get .mark)" ] || fail 65 "somebody else put the name on the list"
        without "$DENY_LIST" | replace "$DENY_LIST"
    fi
    without "$marks" | replace "$marks"
    observation
    ;;
probe)
    if listed; then
        printf '%s\n' '{"answer": "refused", "how": "the name is on the list"}'
    else
        printf '%s\n' '{"answer": "admitted", "how": "the name is not on the list"}'
    fi
    ;;
*) fail 64 "no such verb" ;;
esac
