#!/usr/bin/env python3
"""The published edge-blocking task: the same instances solved by a MILP in HiGHS, beside Cordon's answers.

    benches/published.py tables ADSYNTH FOLDER     # ADSynth exports (*.jsonl.zst) as tables of edges
    benches/published.py race FOLDER RESULTS.csv   # solve every instance in FOLDER, print the tables

`make published` does all of it. Needs highspy (`pip install highspy`) and, for ADSynth, zstdcat.

The MILP is the one of the published work: r[v] is the intruder's best success from node v, x[e] is 1 if an edge is blocked:

    minimise R   with   R >= r[entry],  r[target] = 1,  r[u] >= c r[v] - c x[e] for each edge e = (u, v) of success c,
                        sum of x <= budget

It is given the graph after the published kernel: what lies between entries and target, nodes with one way out
contracted, and only the last of several blockable edges in a row.
"""
import csv
import json
import math
import os
import subprocess
import sys
import time

import highspy

STEPS = float(1 << 40)  # Difficulties are -ln(success) in these steps.
RUNS = 3
PUBLISHED = {  # graph, entries, budget: mean optimal success over 3 graphs of 2 draws
    ("R2000", 20, 5): 0.226, ("R2000", 20, 10): 0.056, ("R2000", 40, 10): 0.396,
    ("R4000", 20, 5): 0.107, ("R4000", 20, 10): 0.000, ("R4000", 40, 10): 0.278, ("R4000", 40, 20): 0.210,
}
STRUCTURE = {"Contains", "GpLink", "TrustedBy"}  # No step of an intruder.


def tables(source, folder):
    """Every ADSynth export as `src,dst,type`, the group of domain administrators being node 0."""
    for name in sorted(os.listdir(source)):
        if not name.endswith(".jsonl.zst"):
            continue
        text = subprocess.run(["zstdcat", os.path.join(source, name)], check=True, capture_output=True, text=True)
        numbers, edges = {}, []
        for line in text.stdout.splitlines():
            one = json.loads(line)
            if one["type"] == "node":
                if str(one["properties"].get("name", "")).startswith("DOMAIN ADMINS@"):
                    numbers[one["id"]] = 0
            elif one["label"] not in STRUCTURE:
                edges.append((one["start"]["id"], one["end"]["id"], one["label"]))
        for start, end, _ in edges:
            for node in (start, end):
                numbers.setdefault(node, len(numbers) + 1)
        with open(os.path.join(folder, "ADSynth_" + name.removesuffix(".jsonl.zst") + ".csv"), "w") as out:
            out.write("# all\n")
            out.writelines(f"{numbers[start]},{numbers[end]},{label}\n" for start, end, label in edges)


def read(path):
    budget, entries, edges = 0, [], []
    with open(path) as file:
        for line in file:
            kind, *fields = line.rstrip("\n").split(",")
            if kind == "budget":
                budget = int(fields[0])
            elif kind == "entry":
                entries.append(int(fields[0]))
            else:
                start, end, difficulty, blockable = map(int, fields)
                edges.append((start, end, math.exp(-difficulty / STEPS), bool(blockable)))
    return budget, set(entries), edges


def closure(start, pairs):
    following = {}
    for one, other in pairs:
        following.setdefault(one, []).append(other)
    found, open_nodes = set(start), list(start)
    while open_nodes:
        for node in following.get(open_nodes.pop(), ()):
            if node not in found:
                found.add(node)
                open_nodes.append(node)
    return found


def kernel(entries, edges):
    """The published kernel: edges as [from, to, success, blockable]."""
    edges = [list(edge) for edge in edges if edge[0] != 0 and edge[1] not in entries]
    there = closure(entries, ((start, end) for start, end, _, _ in edges))
    back = closure({0}, ((end, start) for start, end, _, _ in edges))
    alive = {number: edge for number, edge in enumerate(edges) if edge[0] in there and edge[1] in back}
    out, into = {}, {}
    for number, (start, end, _, _) in alive.items():
        out.setdefault(start, set()).add(number)
        into.setdefault(end, set()).add(number)
    waiting = list(out)
    while waiting:
        node = waiting.pop()
        ways = out.get(node, set())
        if node in entries or node == 0 or len(ways) != 1:
            continue
        (only,) = ways
        _, end, success, blockable = alive[only]
        for number in list(into.get(node, ())):
            edge = alive[number]
            if blockable:
                edge[3] = False  # Blocking the one way out is at least as good.
                continue
            into[node].discard(number)
            if edge[0] == end:
                out[end].discard(number)
                del alive[number]
                waiting.append(end)
                continue
            edge[1], edge[2] = end, edge[2] * success
            into.setdefault(end, set()).add(number)
            waiting.append(edge[0])
        if not blockable:
            out[node].discard(only)
            into[end].discard(only)
            del alive[only]
    return list(alive.values())


def model(budget, entries, edges):
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    for option, value in [("threads", 1), ("mip_rel_gap", 0.0), ("mip_abs_gap", 1e-9),
                          ("mip_feasibility_tolerance", 1e-9), ("primal_feasibility_tolerance", 1e-9)]:
        highs.setOptionValue(option, value)
    worst = highs.addVariable(0.0, 1.0, 1.0)
    success = {node: highs.addVariable(0.0, 1.0, 0.0)
               for node in sorted({node for edge in edges for node in edge[:2]} | entries) if node != 0}
    blocks = []
    for start, end, chance, blockable in edges:
        row = success[start]
        row = row - chance * success[end] if end != 0 else row
        if blockable:
            block = highs.addBinary()
            blocks.append(block)
            row = row + chance * block
        highs.addConstr(row >= (chance if end == 0 else 0.0))
    for entry in entries:
        highs.addConstr(worst - success[entry] >= 0.0)
    if blocks:
        highs.addConstr(highs.qsum(blocks) <= budget)
    return highs


def solved(path):
    """CPU milliseconds of reading into a kernel, and of HiGHS alone; the optimum; the gap."""
    budget, entries, edges = read(path)
    best = None
    for _ in range(RUNS):
        begun = time.process_time()
        small = kernel(entries, edges)
        between = time.process_time()
        highs = model(budget, entries, small)
        started = time.process_time()
        highs.run()
        ended = time.process_time()
        milliseconds = (ended - started) * 1e3
        if best is None or milliseconds < best[0]:
            information = highs.getInfo()
            gap = information.mip_gap if small else 0.0
            best = (milliseconds, (between - begun) * 1e3, information.objective_function_value, gap, len(small))
    return best


def mean(values):
    return sum(values) / len(values)


def deviation(values):
    middle = mean(values)
    return math.sqrt(sum((value - middle) ** 2 for value in values) / max(1, len(values) - 1))


def family(line):
    """The size of a DBCreator graph; an ADSynth graph is one of its own."""
    return line["graph"] if line["graph"].startswith("ADSynth") else line["graph"].split("_")[0]


def race(folder, results):
    with open(results) as file:
        lines = list(csv.DictReader(file))
    for line in lines:
        name = f"{line['graph']}-{line['draw']}-{line['entries']}-{line['edges_max']}.csv"
        if os.path.exists(os.path.join(folder, name)) and int(line["draw"]) < int(os.environ.get("RACED", "2")):
            line["highs"] = solved(os.path.join(folder, name))
    groups = {}
    for line in lines:
        groups.setdefault((family(line), int(line["entries"]), int(line["edges_max"])), []).append(line)
    version = highspy.Highs().version()
    print(f"HiGHS {version}, CPU ms, the least of {RUNS} runs each, summed over the instances that both solved\n")
    print("| graphs | s | b | raced | Cordon, all | HiGHS alone | its kernel | proven | wrong | mean success: optimum"
          " | greedy | minimum cut | HiGHS's largest gap |")
    print("| --- " + "| ---: " * 12 + "|")
    total = [0, 0.0, 0.0, 0.0, 0, 0, 0]
    for key in sorted(groups, key=lambda key: (key[0][:7] == "ADSynth", len(key[0]), key)):
        raced = [line for line in groups[key] if "highs" in line]
        if not raced:
            continue
        number = lambda field, of=raced: [float(line[field]) for line in of]
        wrong = sum(abs(float(line["success"]) - line["highs"][2]) > 2e-6 for line in raced)
        slower = sum(float(line["ms"]) > line["highs"][0] for line in raced)
        sums = [len(raced), sum(number("ms")), sum(line["highs"][0] for line in raced),
                sum(line["highs"][1] for line in raced), int(sum(number("proven"))), wrong, slower]
        total = [one + other for one, other in zip(total, sums)]
        print(f"| {key[0]} | {key[1]} | {key[2]} | {sums[0]} | {sums[1]:.2f} | {sums[2]:.1f} | {sums[3]:.1f} | {sums[4]} | "
              f"{wrong} | {mean(number('success')):.3f} | {mean(number('greedy')):.3f} | {mean(number('cut')):.3f} | "
              f"{max(line['highs'][3] for line in raced):.1e} |")
    print(f"| all | | | {total[0]} | {total[1]:.2f} | {total[2]:.1f} | {total[3]:.1f} | {total[4]} | {total[5]} | | | | |")
    print(f"\nCordon slower than HiGHS on {total[6]} of {total[0]} instances.")
    print(f"Proven by Cordon: {sum(int(line['proven']) for line in lines)} of {len(lines)} instances drawn.\n")
    print("| graphs | s | b | published mean of 3 x 2 | ours: mean | deviation of a mean of 3 x 2 | off by |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for key, published in PUBLISHED.items():
        of = groups.get(key, [])
        by_graph = {}
        for line in of:
            by_graph.setdefault(line["graph"], []).append(float(line["success"]))
        if not by_graph:
            continue
        # A mean of six has its spread from the draws within each graph, two from each.
        spread = math.sqrt(sum(deviation(values) ** 2 / 2 for values in by_graph.values())) / len(by_graph)
        ours = mean([mean(values) for values in by_graph.values()])
        print(f"| {key[0]} | {key[1]} | {key[2]} | {published:.3f} | {ours:.3f} | {spread:.3f} | "
              f"{(published - ours) / spread if spread else 0:+.1f} deviations |")


if __name__ == "__main__":
    {"tables": tables, "race": race}[sys.argv[1]](*sys.argv[2:])
