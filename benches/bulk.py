#!/usr/bin/env python3
"""Many OpenLDAP accounts withdrawn, verified and lifted: Cordon and Ansible on the same server, each also killed in the middle.

  CORDON=target/release/cordon ACTUATOR=target/release/cordon-actuator ANSIBLE=venv/bin ACCOUNTS=10000 benches/bulk.py

ANSIBLE is the bin folder of a Python environment with ansible and python-ldap; without it Ansible is left out. SAMPLE=30,150 are
the numbers of accounts that Ansible works on, from which its cost per account and its time for all are worked out. Needs OpenLDAP's
slapd and clients, openssl and ssh-keygen. Nothing listens but on loopback, and everything is removed at the end.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time

from bulk_ansible import Ansible
from bulk_cordon import Cordon
from bulk_directory import FOR_GOOD, LOCKED, Directory, dn, run


def setting(name, default=None):
    return os.environ.get(name) or default


def log(text):
    print(text, file=sys.stderr, flush=True)


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def heading(*cells):
    print()
    row(*cells)
    row("---", *["---:"] * (len(cells) - 1))


def seconds(value):
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def shares(times):
    return seconds(times["wall"]), seconds(times["cpu"] + times.get("actuator", 0)), seconds(times["slapd"])


def whole(cordon, directory):
    """Every step once. What is given back is compared value by value."""
    before = directory.locks()
    steps = cordon.planned()
    log("cordon: plan approved")
    steps["apply (withdrawn and tried)"] = cordon.timed(*cordon.apply_words())
    stands = directory.locks()
    tried = directory.accounts[:: max(1, len(directory.accounts) // 20)]
    refused = sum(not directory.can_log_on(account) for account in tried)
    log(f"cordon: applied, {len(stands)} locked; {refused} of {len(tried)} logons with the right password refused")
    steps["status"] = cordon.timed("status")
    lines = len(cordon.said().splitlines())
    steps["lift (given back)"] = cordon.timed(*cordon.lift_words())
    same = directory.locks() == before
    heading("Cordon", "wall s", "its CPU s, with the actuator's", "slapd's CPU s")
    for name, times in steps.items():
        row(name, *shares(times))
    print(f"\nlocked {len(stands)} of {len(directory.accounts)}, {refused} of {len(tried)} logons with the right password refused, "
          f"status in {lines} lines, exactly the prior state afterwards: {'yes' if same else 'NO'}; "
          f"peak memory of apply {steps['apply (withdrawn and tried)']['memory']:.0f} MiB", flush=True)
    return steps["apply (withdrawn and tried)"]["wall"], steps["lift (given back)"]["wall"]


def killed_cordon(cordon, directory, plan):
    """What a crash of both programs leaves, and what the same commands make of it."""
    before = directory.locks()
    cordon.planned(plan)
    cordon.kill_in_the_middle()
    stand = directory.locks()
    withdrawn = {account for account in stand if stand[account] != before.get(account)}
    intended, in_force = cordon.recorded()
    known = withdrawn <= set(intended)
    prior = all(
        (seen["state"]["lock"].get("locked-at")) == before.get(account) for account, seen in intended.items()
    )
    cordon.start_actuator()
    again = cordon.timed(*cordon.apply_words())
    all_locked = len(directory.locks()) == len(directory.accounts)
    lift = cordon.timed(*cordon.lift_words())
    same = directory.locks() == before
    return {
        "withdrawn when killed": len(withdrawn),
        "the tool knows which": f"{'yes' if known else 'NO'}: {len(intended)} begun, {len(in_force & withdrawn)} of them tried",
        "prior states on record": "all, right" if prior else "NOT ALL",
        "the same command again": f"{'all locked' if all_locked else 'NOT ALL LOCKED'}, {seconds(again['wall'])} s",
        "after the lift": f"{wrong(before, directory.locks())}, {seconds(lift['wall'])} s" if not same else f"exactly as before, {seconds(lift['wall'])} s",
    }


def wrong(before, after):
    opened = sum(account not in after for account in before)
    other = sum(account in after and after[account] != value for account, value in before.items())
    left = sum(account not in before for account in after)
    return f"{opened} of {len(before)} that were locked before are open, {other} locked otherwise, {left} still locked that were open"


def sample(directory, count):
    """Accounts for Ansible; among them four that were locked before, two of each sort."""
    before = directory.locked_before
    for_good = [account for account, value in before.items() if value == FOR_GOOD][:2]
    for_now = [account for account, value in before.items() if value != FOR_GOOD][:2]
    others = [account for account in directory.accounts if account not in before]
    return [*for_good, *for_now, *others][:count]


def ansible_whole(ansible, directory, counts):
    """Cost per account from two sizes: the start of a playbook is taken off."""
    before = directory.locks()
    measured = {}
    for count in counts:
        accounts = sample(directory, count)
        for name in ("withdraw", "verify", "lift"):
            measured[name, count] = ansible.timed(name, accounts)
            log(f"ansible: {name} of {count}: {measured[name, count]['wall']:.1f} s")
        stood = {account: value for account, value in before.items() if account in accounts}
        after = {account: value for account, value in directory.locks().items() if account in accounts}
        verdict = wrong(stood, after)
        directory.set_locks(before)
    heading("Ansible", *[f"{count} accounts, wall s" for count in counts], "CPU s", "s per account", "for all, worked out, s")
    small, large = counts
    sums = 0
    for name in ("withdraw", "verify", "lift"):
        one, many = measured[name, small], measured[name, large]
        each = (many["wall"] - one["wall"]) / (large - small)
        total = one["wall"] + each * (len(directory.accounts) - small)
        sums += total
        row(name, seconds(one["wall"]), seconds(many["wall"]), seconds(many["cpu"]), f"{each:.3f}", seconds(total))
    print(f"\nafter the inverse playbook, of {large} accounts: {verdict}", flush=True)
    return sums


def killed_ansible(ansible, directory, count):
    before, accounts = directory.locks(), sample(directory, count)
    ansible.kill_in_the_middle(accounts)
    stand = directory.locks()
    withdrawn = sum(stand.get(account) != before.get(account) for account in accounts)
    again = ansible.timed("withdraw", accounts)
    all_locked = all(account in directory.locks() for account in accounts)
    lift = ansible.timed("lift", accounts)
    stood = {account: value for account, value in before.items() if account in accounts}
    after = {account: value for account, value in directory.locks().items() if account in accounts}
    directory.set_locks(before)
    return {
        "withdrawn when killed": f"{withdrawn} of {count}",
        "the tool knows which": "no: it keeps no record",
        "prior states on record": "none",
        "the same command again": f"{'all locked' if all_locked else 'NOT ALL LOCKED'}, {seconds(again['wall'])} s, every account anew",
        "after the lift": f"{wrong(stood, after)}, {seconds(lift['wall'])} s (inverse playbook)",
    }


def one_ldif(directory):
    """The same changes as one LDIF to ldapmodify, without check, record, trial or compare: what the server itself takes."""
    before = directory.locks()
    changes = "\n".join(
        f"dn: {dn(account)}\nchangetype: modify\nreplace: {LOCKED}\n{LOCKED}: {FOR_GOOD}\n" for account in directory.accounts
    )
    began = time.monotonic()
    directory.modify(changes)
    took = time.monotonic() - began
    directory.set_locks(before)
    print(f"\none LDIF to ldapmodify over the Unix socket, blindly: {seconds(took)} s", flush=True)


def introduce(count, seed):
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    slapd = subprocess.run(["slapd", "-V"], capture_output=True, text=True, check=False).stderr
    version = next((word for word in slapd.split() if word[:2] in ("2.", "3.")), "unknown")
    print(f"{count} accounts, seed {seed}, Cordon {commit}, slapd {version}, {platform.machine()}, {os.cpu_count()} cores, "
          f"load {os.getloadavg()[0]:.1f} at the start", flush=True)


def main():
    count, seed = int(setting("ACCOUNTS", "10000")), int(setting("SEED", "1"))
    sizes = [min(int(size), count) for size in setting("SAMPLE", "30,150").split(",")]
    programs = tuple(os.path.realpath(setting(name) or sys.exit(f"{name} names no program")) for name in ("CORDON", "ACTUATOR"))
    work = tempfile.mkdtemp(prefix="cordon-bulk-")
    introduce(count, seed)
    directory = Directory(f"{work}/directory", count, seed)
    try:
        log(f"slapd with {count} accounts, {len(directory.locked_before)} of them locked before")
        one_ldif(directory)
        ours, states = with_cordon(work, programs, directory)
        if setting("ANSIBLE"):
            ansible = Ansible(f"{work}/ansible", os.path.realpath(setting("ANSIBLE")), directory)
            print(f"\n{ansible.versions()}")
            theirs = ansible_whole(ansible, directory, sizes)
            print(f"\nwithdrawn, verified and lifted: Cordon {seconds(ours)} s, Ansible {seconds(theirs)} s (worked out): "
                  f"**{theirs / ours:.0f} ×**", flush=True)
            states["Ansible"] = killed_ansible(ansible, directory, sizes[-1])
        heading("killed in the middle", *states)
        for name in states["Cordon"]:
            row(name, *[state[name] for state in states.values()])
    finally:
        directory.stop()
        if setting("KEEP") is None:
            shutil.rmtree(work, ignore_errors=True)


def with_cordon(work, programs, directory):
    walls, states = 0, {}
    for name in ("whole", "killed"):
        os.makedirs(f"{work}/{name}")
        cordon = Cordon(f"{work}/{name}", programs, directory)
        try:
            if name == "whole":
                walls = sum(whole(cordon, directory))
            else:
                states["Cordon"] = state = killed_cordon(cordon, directory, f"{work}/whole/plan.json")
                log(f"cordon, killed: {state}")
        finally:
            cordon.stop()
    return walls, states


if __name__ == "__main__":
    main()
