#!/usr/bin/env python3
"""Runs `cordon backtest` on every JSON recording and prints one Markdown row each.

    CORDON=target/release/cordon RULES=sigma RECORDINGS=recordings benches/backtests.py
"""
import json
import os
import pathlib
import subprocess


def backtest(folder):
    """The backtest document of one recording."""
    command = [os.environ["CORDON"], "backtest", "--quiet", "--json", "--rules", os.environ["RULES"], str(folder)]
    if (folder / "truth.json").exists():
        command += ["--truth", str(folder / "truth.json")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return json.loads(done.stdout)


def main():
    print("| recording | events | unreadable | detections | first detection | first plan | footholds at 50 % or above | withdrawals |")
    print("| --- | ---: | ---: | ---: | --- | --- | --- | --- |")
    for folder in sorted(pathlib.Path(os.environ["RECORDINGS"]).iterdir()):
        if not any(folder.glob("*.json.zst")):
            continue
        d = backtest(folder)
        footholds = ", ".join(f"{f['name']} {f['probability']:.3f}" for f in d["footholds"]) or "none"
        withdrawals = ", ".join((d["plan"] or {}).get("withdrawals", [])) or "none"
        clock = [(d[name] or "none").split("T")[-1] for name in ("first_detection", "first_plan")]
        cells = (folder.name, f"{d['events']:,}", d["unreadable"], d["detections"], *clock, footholds, withdrawals)
        print("| " + " | ".join(str(cell) for cell in cells) + " |")
        if d.get("steps_total"):
            print(f"\nagainst the truth: {d['steps_blocked']} of {d['steps_total']} steps blocked, {d['footholds_wrong']} footholds "
                  f"wrong, {d['legitimate_denied']} of {d['legitimate_after_plan']} legitimate uses denied\n")


if __name__ == "__main__":
    main()
