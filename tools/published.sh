#!/bin/sh
# The published edge-blocking task: instances are drawn and solved by Cordon, then solved by HiGHS, and compared.
# Usage: tools/published.sh GRAPHS PYTHON DRAWS; GRAPHS has the folders dbcreator and adsynth, PYTHON has highspy.
set -eu
graphs=$(realpath "$1")
python="$2"
draws="$3"
cd "$(dirname "$0")/.."
"$python" -c 'import highspy' 2>/dev/null || {
    echo "cordon: $python has no highspy: python3 -m venv DIR, DIR/bin/pip install highspy, PYTHON=DIR/bin/python" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tables" "$work/instances"
cp "$graphs"/dbcreator/*.csv "$work/tables"
"$python" benches/published.py tables "$graphs/adsynth" "$work/tables"
echo "machine: $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), commit $(git rev-parse --short HEAD), seed 1"
cargo bench --locked -p cordon-plan --bench published -- "$work/tables" "$work/instances" "$draws" >"$work/results.csv"
"$python" benches/published.py race "$work/instances" "$work/results.csv"
