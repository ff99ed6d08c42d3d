#!/usr/bin/env python3
"""Medians of the runs that evtx.sh wrote down: CPU seconds of loading and of the whole, net, and events per CPU second.

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
    first = None
    for name in [name for name in runs if name.endswith("-all")]:
        tool = name.removesuffix("-all")
        load = statistics.median(cpu for cpu, _, _ in runs[f"{tool}-load"])
        whole = [cpu for cpu, _, _ in runs[name]]
        net = statistics.median(whole) - load
        peak = statistics.median(kib for _, _, kib in runs[name]) / 1024
        first = first or (net, statistics.median(whole))
        print(f"{tool}: {len(whole)} runs; load {load:.2f} CPU s, whole {statistics.median(whole):.2f} "
              f"[{min(whole):.2f}, {max(whole):.2f}], net {net:.2f}, {events / net:,.0f} events per CPU s, "
              f"{peak:.0f} MiB; {net / first[0]:.1f} times the net of the first, {statistics.median(whole) / first[1]:.1f} times its whole")


if __name__ == "__main__":
    main()
