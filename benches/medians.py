#!/usr/bin/env python3
"""Medians and minima of the runs that evtx.sh wrote down: CPU seconds of loading and of the whole, net, and events per
CPU second. On a busy machine the minima say more: other work can only add to what a run costs.

    medians.py TIMES EVENTS        lines of TIMES: TOOL-load or TOOL-all, user, system and wall seconds, KiB
"""
import collections
import statistics
import sys


def main():
    runs = collections.defaultdict(list)
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            name, user, system, wall, kib = line.split()
            runs[name].append((float(user) + float(system), float(wall), int(kib)))
    events = int(sys.argv[2])
    first = {}
    for name in [name for name in runs if name.endswith("-all")]:
        tool = name.removesuffix("-all")
        loads = [cpu for cpu, _, _ in runs[f"{tool}-load"]]
        wholes = [cpu for cpu, _, _ in runs[name]]
        peak = statistics.median(kib for _, _, kib in runs[name]) / 1024
        print(f"{tool}: {len(wholes)} runs, up to {max(wholes):.2f} CPU s, {peak:.0f} MiB")
        for word, pick in (("median", statistics.median), ("least", min)):
            load, whole = pick(loads), pick(wholes)
            net = whole - load
            own = first.setdefault(word, net)
            print(f"  {word}: load {load:.2f} CPU s, whole {whole:.2f}, net {net:.2f}, {events / net:,.0f} events per "
                  f"CPU s, {net / own:.1f} times the net of the first")


if __name__ == "__main__":
    main()
