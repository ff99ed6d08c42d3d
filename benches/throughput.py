#!/usr/bin/env python3
"""Sums up a folder that throughput.sh filled: medians net of loading, and detections compared by rule and record."""
import collections
import json
import pathlib
import statistics
import sys


def medians(times):
    """Median CPU and wall seconds, and KiB, of each kind of run."""
    runs = collections.defaultdict(list)
    for line in times.read_text().splitlines():
        name, user, system, wall, kib = line.split()
        runs[name].append((float(user) + float(system), float(wall), int(kib)))
    return {name: tuple(statistics.median(column) for column in zip(*rows)) for name, rows in runs.items()}


def found(path, rule, record):
    """Detections as a set of (rule, record), and the titles of the rules."""
    pairs, titles = collections.Counter(), {}
    for line in path.read_text().splitlines():
        detection = json.loads(line)
        if "rule_id" in detection and record(detection) is not None:
            pairs[(detection[rule], record(detection))] += 1
            titles[detection[rule]] = detection["rule_title"]
    return pairs, titles


def main():
    work = pathlib.Path(sys.argv[1])
    runs = medians(work / "times")
    with (work / "many.json").open("rb") as lines:
        events = sum(1 for _ in lines)
    rates = {}
    for tool in ("cordon", "rsigma"):
        net = runs[f"{tool}-all"][0] - runs[f"{tool}-load"][0]
        wall = runs[f"{tool}-all"][1] - runs[f"{tool}-load"][1]
        rates[tool] = events / net
        print(f"{tool}: load {runs[f'{tool}-load'][0]:.2f} CPU s, net {net:.2f} CPU s = {events / net:,.0f} events per CPU s; "
              f"net wall {wall:.2f} s; peak {runs[f'{tool}-all'][2] / 1024:.0f} MiB")
    print(f"ratio cordon / rsigma: {rates['cordon'] / rates['rsigma']:.2f}")

    ours, titles = found(work / "cordon.ndjson", "rule_id", lambda d: d["record"])
    theirs, more = found(work / "rsigma.ndjson", "rule_id", lambda d: (d.get("event") or {}).get("ls_line"))
    titles.update(more)
    both = ours.keys() & theirs.keys()
    print(f"detections by rule and record: both {len(both)}, only cordon {len(ours.keys() - both)}, only rsigma {len(theirs.keys() - both)}")
    for name, side in (("cordon", ours), ("rsigma", theirs)):
        rules = collections.Counter(rule for rule, record in side if (rule, record) not in both)
        for rule, count in sorted(rules.items(), key=lambda item: (-item[1], item[0])):
            print(f"  only {name}: {count} × {titles[rule]} ({rule})")


if __name__ == "__main__":
    main()
