#!/bin/sh
# Runs every fuzz target for the given number of seconds; stops at the first that finds something.
set -eu
seconds="${1:-60}"
cd "$(dirname "$0")/../fuzz"
command -v cargo-fuzz >/dev/null 2>&1 || {
    echo "cordon: installing cargo-fuzz"
    cargo install --locked cargo-fuzz
}
for target in $(cargo fuzz list); do
    echo "== $target for $seconds s"
    cargo fuzz run "$target" -- -max_total_time="$seconds" -rss_limit_mb=4096
done
