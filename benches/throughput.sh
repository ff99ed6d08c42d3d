#!/bin/bash
# Cordon and rsigma's command line on the same JSON events and rules: CPU seconds net of loading, run in turn.
#
#   CORDON=target/release/cordon RSIGMA=rsigma RULES=sigma RECORDINGS=recordings COPIES=10 RUNS=3 benches/throughput.sh
#
# Needs bash, python3, zstdcat and /usr/bin/time. Prints one line a run: which, user + system seconds, wall seconds, KiB.
set -euo pipefail
: "${CORDON:?the cordon binary}" "${RSIGMA:?the rsigma binary}" "${RULES:?a folder of Sigma rules}" "${RECORDINGS:?a folder of */*.json.zst}"
COPIES=${COPIES:-10} RUNS=${RUNS:-3}
WORK=${WORK:-$(mktemp -d)}
HERE=$(cd "$(dirname "$0")" && pwd)
ROUTING=(--logsource-routing --logsource-field-map "product=ls_product,service=ls_service,category=ls_category")

zstdcat "$RECORDINGS"/*/*.json.zst | python3 "$HERE/route_json.py" "$COPIES" > "$WORK/many.json"
zstdcat "$RECORDINGS"/*/*.json.zst | python3 "$HERE/route_json.py" 1 > "$WORK/once.json"
head -n 1 "$WORK/once.json" > "$WORK/one-line.json"
echo "events: $(wc -l < "$WORK/many.json"), bytes: $(wc -c < "$WORK/many.json")"

timed() { # name, input, output, command...
    local name=$1 input=$2 output=$3
    shift 3
    /usr/bin/time -a -o "$WORK/times" -f "$name %U %S %e %M" "$@" < "$input" > "$output" 2>> "$WORK/stderr"
    tail -n 1 "$WORK/times"
}
cordon() { timed "cordon-$1" "$2" "$3" "$CORDON" detect --rules "$RULES" --json -; }
rsigma() { timed "rsigma-$1" "$2" "$3" "$RSIGMA" engine eval -q -r "$RULES" "${ROUTING[@]}" --input-format json "${@:4}"; }

for _ in $(seq "$RUNS"); do
    cordon load "$WORK/one-line.json" /dev/null
    rsigma load "$WORK/one-line.json" /dev/null
    cordon all "$WORK/many.json" /dev/null
    rsigma all "$WORK/many.json" /dev/null
done
cordon once "$WORK/once.json" "$WORK/cordon.ndjson"
rsigma once "$WORK/once.json" "$WORK/rsigma.ndjson" --include-event
python3 "$HERE/throughput.py" "$WORK"
