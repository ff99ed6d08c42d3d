#!/usr/bin/env python3
"""Tables what `cordon detect` finds in each file of EVTX-to-MITRE-Attack against the technique its folder names.

    CORDON=target/release/cordon RULES=sigma RECORDINGS=recordings benches/evtx_to_mitre.py > benches/evtx-to-mitre.md

One run over the whole folder gives the detections. Events per file come from one run a file under a single rule that
matches nothing, so that rules are not loaded 281 times.
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

NOTHING = """title: Nothing
id: 00000000-0000-4000-8000-000000000001
status: test
level: low
logsource: {product: windows, service: security}
detection: {selection: {EventID: 999999}, condition: selection}
"""
# ATT&CK renumbered these after the recordings were named; which became which is read off the tags of the rules.
RENUMBERED = {
    "T1070.001": "T1685.005",
    "T1562.001": "T1685",
    "T1562.002": "T1685.001",
    "T1562.004": "T1686.003",
}


def detect(rules, path):
    """The detections in a file or folder, and the closing line with the totals."""
    command = [os.environ["CORDON"], "detect", "--quiet", "--rules", str(rules), "--json", str(path)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    documents = [json.loads(line) for line in lines]
    return [d for d in documents if "rule_id" in d], next(d for d in documents if "events" in d)


def expected(path):
    """The technique that the innermost folder names, or None."""
    named = re.findall(r"T\d{4}(?:\.\d{3})?", str(path.parent))
    return named[-1] if named else None


def outcome(want, seen, detections):
    """hit: the technique, one of its sub-techniques or its parent; other: something else; none: nothing."""
    if not detections:
        return "none"
    if want is None:
        return "unnamed"
    wanted = {want, RENUMBERED.get(want, want)}
    parents = {technique.split(".")[0] for technique in wanted if "." in technique}
    hit = any(t in wanted or t in parents or any(t.startswith(w + ".") for w in wanted) for t in seen)
    return "hit" if hit else "other"


def main():
    root = pathlib.Path(os.environ["RECORDINGS"]) / "evtx-to-mitre"
    found, totals = detect(os.environ["RULES"], root)
    by_file = collections.defaultdict(list)
    for detection in found:
        by_file[pathlib.Path(detection["file"]).relative_to(root)].append(detection)
    files = sorted((path.relative_to(root) for path in root.rglob("*.evtx")), key=str)
    with tempfile.TemporaryDirectory() as folder:
        rule = pathlib.Path(folder) / "nothing.yml"
        rule.write_text(NOTHING)
        events = {path: detect(rule, root / path)[1] for path in files}

    counts, rows, serious = collections.Counter(), [], 0
    for path in files:
        want, detections = expected(path), by_file[path]
        seen = collections.Counter(t for d in detections for t in d["techniques"])
        what = outcome(want, seen, detections)
        counts["none, unnamed" if want is None and not detections else what] += 1
        serious += any(d["level"] in ("high", "critical", "medium") for d in detections)
        top = ", ".join(f"{t}" for t, _ in sorted(seen.items(), key=lambda item: (-item[1], item[0]))[:4])
        folder = str(path.parent).replace("|", "/")
        rows.append((folder, path.name.replace("|", "/"), want or "–", events[path]["events"], len(detections), what, top))

    total = sum(count["events"] for count in events.values())
    unreadable = sum(count["unreadable"] for count in events.values())
    print("# EVTX-to-MITRE-Attack, file by file\n")
    print("Written by `evtx_to_mitre.py`; see `README.md`. *hit*: a detection carries the technique of the folder, one of its")
    print("sub-techniques or its parent; *other*: detections of other techniques only; *none*: no detection; *unnamed*: the")
    print("folder names no technique. The last column has up to four techniques, most frequent first.\n")
    print(f"{len(files)} files, {total:,} events ({totals['events']:,} in one run), {unreadable} unreadable, "
          f"{len(found):,} detections. " + ", ".join(f"{name}: {count}" for name, count in sorted(counts.items()))
          + f". With a detection of level medium or above: {serious}.\n")
    print("| folder | file | expected | events | detections | outcome | techniques detected |")
    print("| --- | --- | --- | ---: | ---: | --- | --- |")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(f"{total} events, {dict(counts)}", file=sys.stderr)


if __name__ == "__main__":
    main()
