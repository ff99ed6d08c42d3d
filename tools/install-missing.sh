#!/bin/sh
# Installs what a build needs and this machine lacks, and says so first.
set -eu
missing=""
command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
if [ -n "$missing" ]; then
    echo "cordon: missing$missing; installing from Debian's packages"
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "cordon: this is not Debian; please install a C compiler yourself" >&2
        exit 2
    fi
    run=""
    [ "$(id -u)" = 0 ] || run=sudo
    $run apt-get update -qq
    # shellcheck disable=SC2086 # the list is meant to be split
    $run apt-get install -y -qq --no-install-recommends $missing
fi
if ! command -v cargo >/dev/null 2>&1; then
    echo "cordon: Rust is missing; install it from https://rustup.rs, then run this again" >&2
    exit 2
fi
