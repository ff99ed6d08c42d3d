#!/bin/bash
# Raw EVTX: CPU seconds of Cordon and of its peers over a folder of EVTX files, and of each on the smallest file (load).
#
#   CORDON=target/release/cordon RULES=sigma EVTX=recordings/evtx-to-mitre RUNS=5 benches/evtx.sh
#
# Each peer is run if its variables are set; all in turn, so that a busy machine is busy for all:
#   CHAINSAW=chainsaw CHAINSAW_MAPPING=mappings/sigma-event-logs-all.yml      the same RULES
#   HAYABUSA=hayabusa HAYABUSA_RULES=folder HAYABUSA_CONFIG=folder            Sigma rules with Channel and EventID written
#       into each (Hayabusa knows no log sources); run where its config folder is, with HAYABUSA_PROFILE [minimal]
#   ZIRCOLITE="python3 zircolite.py" ZIRCOLITE_DIR=Zircolite ZIRCOLITE_RULES=rules.json    rules as pySigma converts
#       them; by default its own rules_windows_generic.json
#
# Prints one line a run: which, user, system and wall seconds, KiB; at the end medians net of load. What each found is
# left in WORK for evtx_detections.py.
set -euo pipefail
: "${CORDON:?the cordon binary}" "${RULES:?a folder of Sigma rules}" "${EVTX:?a folder of EVTX files}"
RUNS=${RUNS:-5}
WORK=${WORK:-$(mktemp -d)}
HERE=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$WORK/small"
EVTX=$(realpath "$EVTX") RULES=$(realpath "$RULES") CORDON=$(realpath "$CORDON")
smallest=$(find "$EVTX" -name '*.evtx' -printf '%s\t%p\n' | sort -n | head -n 1 | cut -f 2)
cp -f "$smallest" "$WORK/small/"

timed() { # name, output, command...
    local name=$1 output=$2
    shift 2
    /usr/bin/time -a -o "$WORK/times" -f "$name %U %S %e %M" "$@" > "$output" 2>> "$WORK/stderr"
    tail -n 1 "$WORK/times"
}
cordon() { timed "cordon-$1" "$WORK/cordon-$1.ndjson" "$CORDON" detect --rules "$RULES" --json "$2"; }
chainsaw() {
    timed "chainsaw-$1" /dev/null "$CHAINSAW" hunt "$2" -s "$RULES" --mapping "$CHAINSAW_MAPPING" --jsonl \
        -o "$WORK/chainsaw-$1.jsonl"
}
hayabusa() {
    timed "hayabusa-$1" /dev/null "$HAYABUSA" dfir-timeline -d "$2" -r "$HAYABUSA_RULES" -c "$HAYABUSA_CONFIG" \
        -w -q -Q -N -K -C -U -O -p "${HAYABUSA_PROFILE:-minimal}" -t jsonl -o "$WORK/hayabusa-$1.jsonl"
}
zircolite() {
    cd "$ZIRCOLITE_DIR"
    # shellcheck disable=SC2086 # the command may be of several words
    timed "zircolite-$1" /dev/null $ZIRCOLITE -e "$2" -r "${ZIRCOLITE_RULES:-rules/rules_windows_generic.json}" \
        --unified-db -q -o "$WORK/zircolite-$1.json" -l "$WORK/zircolite.log"
    cd - > /dev/null
}

tools=(cordon)
[ -n "${CHAINSAW:-}" ] && tools+=(chainsaw)
[ -n "${HAYABUSA:-}" ] && tools+=(hayabusa)
[ -n "${ZIRCOLITE:-}" ] && tools+=(zircolite)
for _ in $(seq "$RUNS"); do
    for tool in "${tools[@]}"; do
        "$tool" load "$WORK/small"
        "$tool" all "$EVTX"
    done
done
events=$(tail -n 1 "$WORK/cordon-all.ndjson" | grep -o '"events":[0-9]*' | head -n 1 | cut -d : -f 2)
python3 "$HERE/medians.py" "$WORK/times" "$events"
echo "what was found: $WORK"
