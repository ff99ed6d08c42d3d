#!/bin/bash
# Raw EVTX: CPU seconds of Cordon and of Zircolite over a folder of EVTX files, and of each on the smallest file (load).
#
#   CORDON=target/release/cordon RULES=sigma EVTX=recordings/evtx-to-mitre RUNS=5 benches/evtx.sh
#   ... ZIRCOLITE="python3 zircolite.py" ZIRCOLITE_DIR=Zircolite benches/evtx.sh     (its own rules_windows_generic.json)
#
# Prints one line a run: which, user, system and wall seconds, KiB.
set -euo pipefail
: "${CORDON:?the cordon binary}" "${RULES:?a folder of Sigma rules}" "${EVTX:?a folder of EVTX files}"
RUNS=${RUNS:-5}
WORK=${WORK:-$(mktemp -d)}
mkdir -p "$WORK/small"
EVTX=$(realpath "$EVTX") RULES=$(realpath "$RULES") CORDON=$(realpath "$CORDON")
smallest=$(find "$EVTX" -name '*.evtx' -printf '%s\t%p\n' | sort -n | head -n 1 | cut -f 2)
cp "$smallest" "$WORK/small/"

timed() { # name, command...
    local name=$1
    shift
    /usr/bin/time -a -o "$WORK/times" -f "$name %U %S %e %M" "$@" > /dev/null 2>> "$WORK/stderr"
    tail -n 1 "$WORK/times"
}
for _ in $(seq "$RUNS"); do
    timed cordon-load "$CORDON" detect --rules "$RULES" --json "$WORK/small"
    timed cordon-all "$CORDON" detect --rules "$RULES" --json "$EVTX"
    if [ -n "${ZIRCOLITE:-}" ]; then
        cd "$ZIRCOLITE_DIR"
        options=(-r rules/rules_windows_generic.json --unified-db -q -o "$WORK/zircolite.json" -l "$WORK/zircolite.log")
        # shellcheck disable=SC2086 # the command may be of several words
        timed zircolite-load $ZIRCOLITE -e "$WORK/small" "${options[@]}"
        # shellcheck disable=SC2086
        timed zircolite-all $ZIRCOLITE -e "$EVTX" "${options[@]}"
        cd - > /dev/null
    fi
done
