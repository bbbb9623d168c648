#!/usr/bin/env python3
"""gen_filters.py N FOLDER: N filters and 1,000 events for filter_bench.

Deterministic. The fleet grows with N, so that an event matches about as many
filters whatever N is. What should match is for the tree evaluator to say:
filter_bench holds a sample of the filters against it.
"""

import json
import pathlib
import random
import sys

COUNT = int(sys.argv[1])
FOLDER = pathlib.Path(sys.argv[2])
MACHINES = max(50, COUNT // 10)
TEAMS = max(5, MACHINES // 20)
CITIES = ["Aarhus", "Bilbao", "Cork", "Delft", "Espoo", "Ferrara", "Gdansk"]


def machine(number):
    """The lasting facts of a machine."""
    return {"name": f"node-{number % 61:02d}-{number:06d}.lab.example.org",
            "serial": f"SN{number * 13 % 10**8:08d}",
            "team": f"team-{number % TEAMS:05d}",
            "version": f"2.{number % 30}"}


def make_filter(draw):
    one = machine(draw.randrange(MACHINES))
    other = machine(draw.randrange(MACHINES))
    server = "type eq 'compute-ops/server'"
    return draw.choices([
        f"{server} and new/name eq '{one['name']}'",
        f"{server} and old/hardware/powerState eq 'ON' and "
        f"changed/hardware/powerState and new/tags/Team eq '{one['team']}'",
        f"{server} and contains(new/name,'{one['name'][8:14]}')",
        f"{server} and operation eq 'Created' and "
        f"startswith(new/name,'{one['name'][:10]}')",
        f"{server} and new/hardware/memoryMb ge 65536 and "
        f"new/hardware/memoryMb lt 262144 and "
        f"new/hardware/serialNumber eq '{one['serial']}'",
        f"new/tags/Team in ('{one['team']}','{other['team']}') and "
        "changed/hardware/health",
        f"new/firmware/any(f:f/name eq 'BIOS' and "
        f"f/version eq '{one['version']}') and "
        f"new/tags/Team eq '{other['team']}'",
        f"endswith(new/hardware/serialNumber,'{one['serial'][-7:]}') and "
        "not (new/hardware/health eq 'OK')",
    ], [30, 15, 8, 8, 12, 8, 10, 9])[0]


def state(number, draw):
    one = machine(number)
    return {"id": one["serial"], "name": one["name"],
            "hardware": {"serialNumber": one["serial"], "powerState": "ON",
                         "health": "OK",
                         "memoryMb": 32768 << draw.randrange(5)},
            "tags": {"Team": one["team"], "City": draw.choice(CITIES)},
            "firmware": [{"name": "BIOS", "version": one["version"]}] + [
                {"name": f"Drive {k}", "version": f"1.{draw.randrange(90)}",
                 "place": "Bay " + "x" * draw.randrange(40)}
                for k in range(draw.randrange(5, 40))]}


def make_event(draw):
    new = state(draw.randrange(MACHINES), draw)
    old = json.loads(json.dumps(new))
    operation = draw.choices(["Updated", "Created", "Deleted"], [85, 10, 5])[0]
    if draw.random() < 0.5:
        new["hardware"]["powerState"] = "OFF"
    else:
        new["hardware"]["health"] = "WARNING"
    return {"type": "compute-ops/server", "operation": operation,
            "new": None if operation == "Deleted" else new,
            "old": None if operation == "Created" else old}


def main():
    draw = random.Random(COUNT)
    with open(FOLDER / "filters.tsv", "w", encoding="utf-8") as out:
        for number in range(COUNT):
            out.write(f"{number}\t{make_filter(draw)}\n")
    with open(FOLDER / "events.jsonl", "w", encoding="utf-8") as out:
        for _ in range(1000):
            out.write(json.dumps(make_event(draw), separators=(",", ":"))
                      + "\n")


main()
