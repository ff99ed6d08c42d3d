#!/bin/sh
# Installs what is missing on a Debian machine, and says so first.
#
#   install-missing.sh           what a build needs: a C compiler and linker
#   install-missing.sh servers   what tests of real servers need: the lists in crates/testbed/packages
#
# Without what a build needs nothing works, so that fails. Without servers the tests say what they skip, so that does not.
set -eu
cd "$(dirname "$0")/.."

policy=/usr/sbin/policy-rc.d
policy_is_ours=""

# Prints the command by which root's work is done, if there is one. A password is only asked for at a terminal.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        echo env
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        echo "sudo -n"
    elif command -v sudo >/dev/null 2>&1 && [ -t 0 ]; then
        echo sudo
    else
        return 1
    fi
}

give_policy_back() {
    [ -z "$policy_is_ours" ] || $run rm -f "$policy"
    policy_is_ours=""
}

# Servers that come with packages must not start on their usual ports: tests start their own. A policy that is there stays.
forbid_services() {
    [ ! -e "$policy" ] || return 0
    trap give_policy_back EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    policy_is_ours=yes
    printf '#!/bin/sh\n# For the time of one installation: no service is started.\nexit 101\n' | $run tee "$policy" >/dev/null
    $run chmod 755 "$policy"
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

skip_servers() {
    echo "cordon: $1; tests of real servers say what they skip" >&2
    exit 0
}

install_servers() {
    command -v apt-get >/dev/null 2>&1 || skip_servers "this is not Debian"
    missing=""
    for package in $(cat crates/testbed/packages/*.txt | sort -u); do
        is_installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    run=$(as_root) || skip_servers "missing$missing, and installing them needs root"
    echo "cordon: tests of real servers need$missing; installing them from Debian's packages, without starting any"
    $run apt-get update -qq || skip_servers "Debian's packages cannot be reached"
    forbid_services
    # A package that this release does not have must not keep the others out.
    for package in $missing; do
        apt-cache show "$package" >/dev/null 2>&1 || {
            echo "cordon: this Debian has no package $package" >&2
            continue
        }
        known="${known:-} $package"
    done
    # shellcheck disable=SC2086 # the list is meant to be split
    $run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ${known:-} \
        || skip_servers "not everything could be installed"
}

install_for_building() {
    command -v cc >/dev/null 2>&1 && return 0
    missing="gcc libc6-dev"
    echo "cordon: missing $missing; installing from Debian's packages"
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "cordon: this is not Debian; please install a C compiler yourself" >&2
        exit 2
    fi
    run=""
    [ "$(id -u)" = 0 ] || run=sudo
    $run apt-get update -qq
    # shellcheck disable=SC2086 # the list is meant to be split
    $run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
}

case "${1:-build}" in
build)
    install_for_building
    if ! command -v cargo >/dev/null 2>&1; then
        echo "cordon: Rust is missing; install it from https://rustup.rs, then run this again" >&2
        exit 2
    fi
    ;;
servers)
    install_servers
    ;;
*)
    echo "usage: install-missing.sh [build|servers]" >&2
    exit 2
    ;;
esac
