#!/bin/sh
# Says where Ansible with community.general and python-ldap is, for `make bulk`; installs it there first if it is missing.
#
# It goes into a Python environment of its own under $XDG_CACHE_HOME/cordon (~/.cache/cordon), outside the repository. The package
# `ansible` brings community.general along, so that only the Python package index is asked. python-ldap is compiled against libldap.
set -eu
place=${XDG_CACHE_HOME:-$HOME/.cache}/cordon/ansible
if ! "$place/bin/python" -c 'import ldap' 2>/dev/null || ! [ -x "$place/bin/ansible-playbook" ]; then
    echo "installing Ansible into $place" >&2
    if ! [ -f /usr/include/ldap.h ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        apt-get install -y -q libldap2-dev libsasl2-dev >&2
    fi
    python3 -m venv "$place" >&2
    "$place/bin/pip" install --quiet ansible python-ldap >&2
fi
echo "$place/bin"
