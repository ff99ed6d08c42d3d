#!/bin/sh
# Runs fuzz targets, all or those named, each for the given number of seconds; stops at the first that finds something.
# Usage: tools/fuzz-all.sh [SECONDS [TARGET...]]
set -eu
seconds="${1:-60}"
[ $# -eq 0 ] || shift
cd "$(dirname "$0")/.."
command -v cargo-fuzz >/dev/null 2>&1 || {
    echo "cordon: installing cargo-fuzz"
    cargo install --locked cargo-fuzz
}
cargo +nightly --version >/dev/null 2>&1 || {
    echo "cordon: fuzzing needs a nightly compiler: rustup toolchain install nightly --profile minimal" >&2
    exit 1
}

# Each target starts from small samples, copied to its corpus: the sample's bytes behind what the target itself puts first.
samples=crates/evidence/tests/data
seed() {
    mkdir -p "fuzz/corpus/$1"
    target="$1"
    shift
    for file in "$@"; do
        cp "$file" "fuzz/corpus/$target/$(echo "$file" | tr '/' '_')"
    done
}
seed read_any "$samples"/*
seed read_csv "$samples"/*.csv
seed read_evtx fuzz/seeds/read_evtx/*
seed read_json_documents "$samples"/*.json
seed read_json_lines "$samples"/*.jsonl cases/*/logs/*.jsonl
seed read_syslog "$samples"/*.log
seed read_zeek "$samples"/zeek_conn.log
seed load_estate cases/*/estate.yaml crates/estate/tests/fixtures/*
seed load_rules rules/*/*.yml
seed read_record crates/ledger/tests/known/* fuzz/seeds/read_record/*
seed import_estate fuzz/seeds/import_estate/*
seed read_approval fuzz/seeds/read_approval/*
seed read_request fuzz/seeds/read_request/*
seed decide
seed verify_plan fuzz/seeds/verify_plan/*
seed read_gzip
seed read_zstd
for file in "$samples"/*; do
    gzip -cn "$file" | tail -c +11 >"fuzz/corpus/read_gzip/$(basename "$file")"
    if command -v zstd >/dev/null 2>&1; then
        zstd -qc "$file" | tail -c +5 >"fuzz/corpus/read_zstd/$(basename "$file")"
    fi
done

# With the versions that the product is built with.
[ fuzz/Cargo.lock -nt Cargo.lock ] || cp Cargo.lock fuzz/Cargo.lock
# Built in one go: the targets share everything but their last few lines.
cargo +nightly fuzz build
[ $# -gt 0 ] || set -- $(cargo +nightly fuzz list)
for target in "$@"; do
    echo "== $target for $seconds s"
    cargo +nightly fuzz run "$target" -- \
        -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=10 -print_final_stats=1
done
