"""Cordon's part of bulk.py: an estate whose plan disables every account, its approvals, apply and lift by the real programs."""

import json
import os
import shutil
import signal
import subprocess
import time

import bulk_directory as ldap

ESTATE = """zones:
  office: {{ subnets: [10.1.0.0/16] }}
  data: {{ subnets: [10.2.0.0/16] }}
systems:
  ws1: {{ kind: workstation, zone: office }}
  dc1: {{ kind: domain-controller, zone: data, jewel: true }}
accounts:
{accounts}
access:
  - {{ flow: office -> data, port: 3389 }}
{access}
enforcement-points:
  directory: {{ kind: ldap, guards: [accounts], effect: 2s }}
"""

ACTUATOR = """socket: {{ path: {folder}/socket }}
state: {folder}/actuator
allowed-signers: {folder}/signers
points:
  directory:
    kind: directory
    config:
      dialect: openldap
      server: ldaps://localhost:{port}
      ca-file: {ca}
      bind-as: "{bind}"
      bind-password: {{ file: {folder}/password }}
      base: {base}
      break-glass: {{ bind-as: "{glass}", password: {{ file: {folder}/glass }} }}
      openldap: {{ default-policy: "{policy}", probe-locked-accounts: true }}
rules:
  never-accounts: [{{ account: cordon }}, {{ account: glass }}]
  break-glass-proof-at: [directory]
"""


class Cordon:
    """The programs with a folder of their own, over a directory that runs."""

    def __init__(self, folder, programs, directory):
        self.folder, self.directory = folder, directory
        self.cordon, self.actuator_program = programs
        os.makedirs(f"{folder}/estate")
        self.write("password", ldap.CORDON_PASSWORD, 0o600)
        self.write("glass", ldap.GLASS_PASSWORD, 0o600)
        accounts = directory.accounts
        self.write(
            "estate/estate.yaml",
            ESTATE.format(
                accounts="\n".join(f"  {name}: {{ kind: person }}" for name in accounts),
                access="\n".join(f"  - {{ holder: {name}, right: remote-desktop, on: dc1 }}" for name in accounts),
            ),
        )
        footholds = [{"entity": name, "probability": 0.99} for name in ["ws1", *accounts]]
        self.write("evidence.json", json.dumps({"footholds": footholds}))
        self.sign()
        self.write(
            "actuator.yaml",
            ACTUATOR.format(
                **{"folder": folder, "port": directory.port, "ca": f"{directory.folder}/ca.pem"},
                **{"bind": ldap.CORDON, "base": ldap.BASE, "glass": ldap.GLASS, "policy": ldap.POLICY},
            ),
        )
        self.log = open(f"{folder}/actuator.log", "ab")
        self.start_actuator()

    def write(self, name, text, mode=0o644):
        with open(f"{self.folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(f"{self.folder}/{name}", mode)

    def sign(self):
        lines = []
        for name in ("dana", "lee", "kim"):
            key = f"{self.folder}/{name}"
            ldap.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key)
            with open(f"{key}.pub", encoding="ascii") as file:
                lines.append(f"{name} {file.read().strip()}\n")
        self.write("signers", "".join(lines))

    def start_actuator(self):
        socket = f"{self.folder}/socket"
        if os.path.exists(socket):
            os.remove(socket)
        command = [self.actuator_program, "run", f"{self.folder}/actuator.yaml"]
        self.actuator = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        for _ in range(300):
            if os.path.exists(socket):
                return
            time.sleep(0.1)
        raise SystemExit(f"the actuator does not start: see {self.folder}/actuator.log")

    def start(self, *words):
        environment = {
            **os.environ,
            "CORDON_STATE": f"{self.folder}/state",
            "CORDON_ACTUATOR": f"{self.folder}/socket",
            "CORDON_ALLOWED_SIGNERS": f"{self.folder}/signers",
        }
        with open(f"{self.folder}/out", "wb") as out, open(f"{self.folder}/err", "ab") as err:
            return subprocess.Popen(
                [self.cordon, *words], cwd=self.folder, env=environment, stdout=out, stderr=err
            )

    def timed(self, *words):
        """Runs a command that must succeed: wall seconds and its CPU seconds, with those of actuator and server beside."""
        servers = lambda: (ldap.cpu_seconds(self.actuator.pid), self.directory.cpu_seconds())
        before, began = servers(), time.monotonic()
        process = self.start(*words)
        _, status, usage = os.wait4(process.pid, 0)
        wall, after = time.monotonic() - began, servers()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            with open(f"{self.folder}/err", encoding="utf-8") as file:
                tail = "".join(file.readlines()[-5:])
            raise SystemExit(f"cordon {words[0]} ended with {process.returncode}:\n{tail}\n{self.said()[:2000]}")
        return {
            "wall": wall,
            "cpu": usage.ru_utime + usage.ru_stime,
            "memory": usage.ru_maxrss / 1024,
            "actuator": after[0] - before[0],
            "slapd": after[1] - before[1],
        }

    def said(self):
        with open(f"{self.folder}/out", encoding="utf-8") as file:
            return file.read()

    def planned(self, plan=None):
        """Plans, unless there is a plan, and approves: two people, and a third because it is more than the volume limits allow."""
        if plan:
            shutil.copy(plan, f"{self.folder}/plan.json")
            times = {}
        else:
            times = {"plan": self.timed("plan", "--estate", "estate", "--evidence", "evidence.json", *self.plan_words())}
        for name, role in (("dana", "approve"), ("lee", "approve"), ("kim", "bulk")):
            times[f"approve ({role})"] = self.timed(
                *("approve", "plan.json", "--estate", "estate", *self.terms()),
                *("--key", name, "--as", role, "-o", f"{name}.approval"),
            )
        return times

    @staticmethod
    def plan_words():
        return ["--no-alternatives", "-o", "plan.json"]

    def terms(self):
        return ["--per-minute", str(max(6000, 2 * len(self.directory.accounts)))]

    def apply_words(self):
        approvals = [f"{name}.approval" for name in ("dana", "lee", "kim")]
        return ["--quiet", "apply", "plan.json", "--estate", "estate", *self.terms(), "--approval", *approvals]

    def lift_words(self):
        return ["--quiet", "lift", "--all", "--key", "lee"]

    def kill_in_the_middle(self):
        """SIGKILL to `cordon apply` and to the actuator at once, when half of the accounts are withdrawn."""
        half = (len(self.directory.accounts) + len(self.directory.locked_before)) / 2
        process = self.start(*self.apply_words())
        while len(self.directory.locks()) < half:
            if process.poll() is not None:
                raise SystemExit("cordon apply ended before it could be killed")
        for pid in (process.pid, self.actuator.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()
        self.actuator.wait()

    def recorded(self):
        """Accounts by what the record says of them: intended, and in force."""
        process = self.start("--json", "ledger", "show", "--last", "1000000")
        if process.wait() != 0:
            raise SystemExit("cordon ledger show failed")
        intended, in_force = {}, set()
        for line in self.said().splitlines():
            entry = json.loads(line)
            account = entry["body"].get("placement", {}).get("target", {}).get("account")
            if entry["kind"] == "withdrawal/applying":
                intended.setdefault(account, entry["body"]["prior"])
            elif entry["kind"] == "withdrawal/verified":
                in_force.add(account)
        return intended, in_force

    def stop(self):
        self.actuator.kill()
        self.actuator.wait()
        self.log.close()
