#!/usr/bin/env python3
"""Compares what Cordon and its peers detect in the same EVTX files by the same Sigma rules, by rule and record.

    cordon detect --rules sigma --json EVTX > cordon.ndjson
    benches/evtx_detections.py cordon.ndjson chainsaw=chainsaw.jsonl hayabusa=hayabusa.jsonl zircolite=zircolite.json

A record is told by its file's name and its time to the millisecond, the finest that every tool prints; where several
records of a file share both, their detections are counted. Not every tool prints the record's own number.
Chainsaw: `hunt --jsonl`. Hayabusa: `dfir-timeline -t jsonl` with a profile that has %RuleID%, %EvtxFile% and
%Timestamp% in RFC 3339. Zircolite: its JSON output. `--verbose` lists every rule that differs, else the first ten.
"""
import collections
import json
import pathlib
import sys

MILLISECONDS = len("2021-10-20T13:39:17.315")


def moment(text):
    """A time to the millisecond, whatever separates its parts: 2021-10-20T13:39:17.315."""
    return text.replace(" ", "T").rstrip("Z").split("+")[0].ljust(MILLISECONDS, "0")[:MILLISECONDS]


def lines(path):
    with open(path, encoding="utf-8") as file:
        yield from (json.loads(line) for line in file if line.strip())


def cordon(path):
    for found in lines(path):
        if "rule_id" in found and found.get("record") is not None:
            yield found["rule_id"], found["rule_title"], found["file"], found["time"]


def chainsaw(path):
    for found in lines(path):
        documents = found.get("documents") or [found["document"]]
        for document in documents:
            time = document["data"]["Event"]["System"]["TimeCreated_attributes"]["SystemTime"]
            yield found["id"], found["name"], document["path"], time


def hayabusa(path):
    for found in lines(path):
        yield found["RuleID"], found["RuleTitle"], found["EvtxFile"], found["Timestamp"]


def zircolite(path):
    for rule in json.loads(pathlib.Path(path).read_text(encoding="utf-8")):
        for match in rule["matches"]:
            yield rule["id"], rule["title"], match["OriginalLogfile"], match["SystemTime"]


READERS = {"chainsaw": chainsaw, "hayabusa": hayabusa, "zircolite": zircolite}


def load(reader, path, titles):
    counts = collections.Counter()
    for rule, title, file, time in reader(path):
        titles[rule] = title
        counts[rule, pathlib.PurePath(file).name, moment(time)] += 1
    return counts


def by_rule(counts):
    rules = collections.Counter()
    for (rule, _, _), count in counts.items():
        rules[rule] += count
    return sorted(rules.items(), key=lambda item: (-item[1], item[0]))


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--verbose"]
    shown = None if "--verbose" in sys.argv else 10
    titles = {}
    ours = load(cordon, arguments[0], titles)
    print(f"cordon: {sum(ours.values())} detections")
    for argument in arguments[1:]:
        name, path = argument.split("=", 1)
        theirs = load(READERS[name.split("-")[0]], path, titles)
        both = ours & theirs
        print(f"{name}: {sum(theirs.values())} detections; both {sum(both.values())}, "
              f"only cordon {(ours - theirs).total()}, only {name} {(theirs - ours).total()}")
        for whose, rest in (("cordon", ours - theirs), (name, theirs - ours)):
            for rule, count in by_rule(rest)[:shown]:
                print(f"  only {whose}: {count} × {titles[rule]} ({rule})")


if __name__ == "__main__":
    main()
