"""Ansible's part of bulk.py: community.general.ldap_attrs and ldap_search per account in a loop, as their documentation has it."""

import json
import os
import signal
import subprocess
import time

import bulk_directory as ldap

LOGON = """
        server_uri: {url}
        ca_path: {ca}
        bind_dn: "{bind}"
        bind_pw: "{password}"
"""

# `present` cannot add a second value where one stands, so the lock is written with `exact`, which replaces what stood.
WITHDRAW = """
    - name: withdraw
      community.general.ldap_attrs:
        dn: "uid={{{{ item }}}},ou=people,{base}"
        attributes: {{ pwdAccountLockedTime: "000001010000Z" }}
        state: exact
{logon}
      loop: "{{{{ accounts }}}}"
"""

VERIFY = """
    - name: verify
      community.general.ldap_search:
        dn: "uid={{{{ item }}}},ou=people,{base}"
        scope: base
        attrs: [pwdAccountLockedTime]
{logon}
      loop: "{{{{ accounts }}}}"
      register: found
      failed_when: found.results[0].pwdAccountLockedTime is not defined
"""

LIFT = """
    - name: lift
      community.general.ldap_attrs:
        dn: "uid={{{{ item }}}},ou=people,{base}"
        attributes: {{ pwdAccountLockedTime: "000001010000Z" }}
        state: absent
{logon}
      loop: "{{{{ accounts }}}}"
"""

PLAY = """- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
"""


class Ansible:
    """Playbooks in a folder, run by an installation in a folder of its own."""

    def __init__(self, folder, binaries, directory):
        self.folder, self.binaries, self.directory = folder, binaries, directory
        os.makedirs(folder)
        logon = LOGON.format(
            **{"url": directory.url, "ca": f"{directory.folder}/ca.pem"},
            **{"bind": ldap.CORDON, "password": ldap.CORDON_PASSWORD},
        ).strip("\n")
        for name, task in (("withdraw", WITHDRAW), ("verify", VERIFY), ("lift", LIFT)):
            with open(f"{folder}/{name}.yaml", "w", encoding="utf-8") as file:
                file.write(PLAY + task.format(base=ldap.BASE, logon=logon))

    def versions(self):
        said = ldap.run(f"{self.binaries}/ansible", "--version").splitlines()[0]
        listed = ldap.run(f"{self.binaries}/ansible-galaxy", "collection", "list", "--format", "json")
        general = [all["community.general"] for all in json.loads(listed).values() if "community.general" in all]
        return f"{said}, community.general {general[0]['version'] if general else 'unknown'}"

    def start(self, name, accounts):
        with open(f"{self.folder}/accounts.json", "w", encoding="utf-8") as file:
            json.dump({"accounts": accounts}, file)
        environment = {
            **os.environ,
            "ANSIBLE_HOME": f"{self.folder}/home",
            "ANSIBLE_PYTHON_INTERPRETER": f"{self.binaries}/python",
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
        }
        with open(f"{self.folder}/out", "ab") as out:
            return subprocess.Popen(
                [f"{self.binaries}/ansible-playbook", f"{name}.yaml", "-e", "@accounts.json"],
                **{"cwd": self.folder, "env": environment, "stdout": out, "stderr": out, "start_new_session": True},
            )

    def timed(self, name, accounts, must_succeed=True):
        before, began = self.directory.cpu_seconds(), time.monotonic()
        process = self.start(name, accounts)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if must_succeed and process.returncode != 0:
            with open(f"{self.folder}/out", encoding="utf-8") as file:
                raise SystemExit(f"ansible-playbook {name} failed:\n{file.read()[-2000:]}")
        return {
            "wall": time.monotonic() - began,
            "cpu": usage.ru_utime + usage.ru_stime,
            "memory": usage.ru_maxrss / 1024,
            "slapd": self.directory.cpu_seconds() - before,
        }

    def kill_in_the_middle(self, accounts):
        """SIGKILL to the playbook and all it started, when half of the accounts are withdrawn."""
        process = self.start("withdraw", accounts)
        before = self.directory.locks()
        while True:
            stand = self.directory.locks()
            if sum(stand.get(account) != before.get(account) for account in accounts) >= len(accounts) / 2:
                break
            if process.poll() is not None:
                raise SystemExit("ansible-playbook ended before it could be killed")
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
