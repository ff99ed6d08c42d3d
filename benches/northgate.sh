#!/bin/bash
# The built-in retailer at its default size: seconds to a proven optimum, CPU seconds and peak memory.
#
#   CORDON=target/release/cordon RUNS=3 STORES=2300 benches/northgate.sh
#
# Prints one line a run: which, user, system and wall seconds, KiB; after a plan, its own seconds since the estate was read.
set -euo pipefail
: "${CORDON:?the cordon binary}"
RUNS=${RUNS:-3} STORES=${STORES:-2300}
WORK=${WORK:-$(mktemp -d)}
CORDON=$(realpath "$CORDON")
cd "$WORK"

timed() { # name, command...
    local name=$1
    shift
    /usr/bin/time -a -o times -f "$name %U %S %e %M" "$@" > /dev/null 2>> stderr
    tail -n 1 times
}
said() {
    python3 -c 'import json, sys; o = json.load(open(sys.argv[1])); o = o.get("plan_document", o)["optimality"]; print(" ", o)' "$1"
}
timed generate "$CORDON" estate generate --stores "$STORES" -o northgate
for _ in $(seq "$RUNS"); do
    timed load "$CORDON" estate check northgate
    timed plan-alone "$CORDON" plan --estate northgate --evidence northgate/evidence.json --no-alternatives -o alone.json
    said alone.json
    timed plan "$CORDON" plan --estate northgate --evidence northgate/evidence.json -o plan.json
    said plan.json
    timed verify "$CORDON" verify --estate northgate plan.json
    timed drill "$CORDON" drill --stores "$STORES" -o drill
done
