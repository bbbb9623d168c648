#!/usr/bin/env python3
"""Runs of a scenario a second, beside Node-RED running the same flow.

    bench/scenarios.py [BUILD_DIR] [--node-red DIR] [--only PART[,PART]]

A hook, a router, two HTTP actions: bench/scenarios/two-actions.json, against
the nginx sink of bench/run.py, every step durable. Node-RED (installed from
npm into a temporary folder, or taken from DIR where it was installed) runs
the same flow, which keeps nothing on disk: the yardstick. wrk posts to one
and the other in turn, three times, and the middle one counts. A rate is the
requests accepted divided by the time from the first until nginx has had both
actions of all of them. Each has had one such load before, to warm up.

Then, at a tenth of each one's rate, the time from the hook's answer to the
second action; what both keep in memory when idle; and 10,000 requests that
wait, drained one at a time and many at once.

PARTs are rate, latency, memory, queue. docs/benchmarks.md explains more.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import run as bench  # noqa: E402

ROOT = bench.ROOT
NODE_RED = "node-red@4.1.8"
ROUNDS = 3
LOAD_SECONDS = 3
CONNECTIONS = 32
DRAIN_SECONDS = 60
LATENCY_SECONDS = 6
QUEUED = 10000
TOTAL_SECONDS = 420
PARTS = ("rate", "latency", "memory", "queue")
SETTINGS = """module.exports = {
  uiHost: '127.0.0.1', httpAdminRoot: false, diagnostics: { enabled: false },
  runtimeState: { enabled: false }, telemetry: { enabled: false },
  logging: { console: { level: 'error', metrics: false, audit: false } }
}
"""


def memory(pid):
    """Resident KiB: now, and the most there was."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return [int(re.search(rf"^{name}:\s+(\d+)", text, re.M).group(1))
            for name in ("VmRSS", "RssAnon", "VmHWM")]


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


class ScenarioHub(bench.Hub):
    """A hub, and hooks with the scenario behind them."""

    name = "Grapnel"
    is_paced = False

    def __init__(self, binary, directory, port):
        super().__init__(binary, directory, port)
        self.more = ["--flow-queue-max", "1000000"]

    def add(self, sink_url, settings=None):
        """The address of a hook whose scenario calls this sink."""
        text = (ROOT / "bench/scenarios/two-actions.json").read_text()
        blueprint = json.loads(text.replace("@SINK@", sink_url))
        blueprint["metadata"]["scenario"] |= settings or {}
        scenario = self.call("POST", "/v1/scenarios",
                             {"blueprint": blueprint, "isEnabled": True})
        hook = self.call("POST", "/v1/hooks", {
            "name": "bench", "scenarioId": scenario["id"],
            "rate": {"requests": 0, "window": "10s"}})
        return f"{self.url}/hook/{hook['token']}"


class NodeRed:
    """Node-RED with the same flow once for each sink.

    What it has accepted and not done it keeps in memory, which slows it down;
    so it is also measured at a pace that it can hold, and the better counts.
    """

    name = "Node-RED"
    is_paced = True

    def __init__(self, installed, directory, port):
        self.installed = installed
        self.directory = pathlib.Path(directory, "node-red-data")
        self.directory.mkdir()
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.flows = []

    def add(self, sink_url):
        path = f"/hook{len(self.flows)}"
        text = (ROOT / "bench/scenarios/node-red.json").read_text() \
            .replace("@SINK@", sink_url).replace("@PATH@", path)
        nodes = json.loads(text)
        names = {node["id"]: f"{node['id']}{path[1:]}" for node in nodes}
        for node in nodes:
            node["id"] = names[node["id"]]
            if "z" in node:
                node["z"] = names[node["z"]]
            if "wires" in node:
                node["wires"] = [[names[to] for to in wire]
                                 for wire in node["wires"]]
        self.flows += nodes
        return self.url + path

    def command(self):
        flows = self.directory / "flows.json"
        flows.write_text(json.dumps(self.flows))
        settings = self.directory / "settings.js"
        settings.write_text(SETTINGS)
        return ["node", f"{self.installed}/node_modules/node-red/red.js",
                "--settings", str(settings), "--userDir", str(self.directory),
                "--port", str(self.port), "--no-telemetry", str(flows)]

    def is_ready(self):
        try:
            urllib.request.urlopen(self.url + "/", timeout=10).close()
            return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False


def install_node_red(directory):
    print(f"installing {NODE_RED} into a temporary folder …", flush=True)
    pathlib.Path(directory, "package.json").write_text('{"private":true}')
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--omit=dev",
         "--ignore-scripts", NODE_RED], cwd=directory, check=False,
        capture_output=True, text=True, timeout=180)
    if done.returncode:
        sys.exit(f"bench: npm cannot install it:\n{done.stderr}")
    return directory


# ---- rate

def load(url, rate):
    """Accepted requests of LOAD_SECONDS, `rate` a second (0: all it can)."""
    pause = 1000 * CONNECTIONS / rate if rate else 0
    output = subprocess.run(
        ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{LOAD_SECONDS}s",
         "--timeout", "20s", "-s", str(ROOT / "bench/scenarios/hook.lua"),
         url, "--", f"{pause:.3f}"], check=True, capture_output=True,
        text=True, timeout=LOAD_SECONDS + 60).stdout
    result = json.loads(output.splitlines()[-1])
    if result["refused"] or result["broken"]:
        print(f"  {result['refused']} answers were no 2xx, "
              f"{result['broken']} requests broke")
    return result["requests"]


def measure_rate(sink, side, rate=0):
    before = bench.settle(sink)
    cpu = bench.cpu_seconds(side["pid"])
    start = time.monotonic()
    accepted = load(side["hook"], rate)
    taken = time.monotonic() - start
    bench.wait_until(lambda: sink.requests() - before >= 2 * accepted,
                     DRAIN_SECONDS, f"two actions of all {accepted}")
    seconds = time.monotonic() - start
    # What was under way when wrk left may have been taken, too.
    bench.settle(sink)
    return {"rate": accepted / seconds, "accepted": accepted / taken,
            "cpu": (bench.cpu_seconds(side["pid"]) - cpu) / accepted}


def measure_rates(sink, sides):
    runs = {side["system"].name: [] for side in sides}
    for side in sides:
        side["cpu"] = measure_rate(sink, side)["cpu"]  # warms up
    for _ in range(ROUNDS):
        for side in sides:
            loads = [measure_rate(sink, side)]
            if side["system"].is_paced:
                loads.append(measure_rate(sink, side, 0.9 / side["cpu"]))
                side["cpu"] = min(each["cpu"] for each in loads)
            runs[side["system"].name].append(
                max(loads, key=lambda each: each["rate"]))
    median = {name: {what: statistics.median(run[what] for run in each)
                     for what in each[0]} for name, each in runs.items()}
    yardstick = median[NodeRed.name]
    print(f"\n{'':12}{'runs/s':>9}{'ratio':>8}{'accepted/s':>12}"
          f"{'CPU a run':>12}   the runs")
    for name, each in median.items():
        print(f"{name:12}{each['rate']:>9.0f}"
              f"{each['rate'] / yardstick['rate']:>8.2f}"
              f"{each['accepted']:>12.0f}{each['cpu'] * 1e6:>9.0f} us   "
              + " ".join(f"{run['rate']:.0f}" for run in runs[name]))
    print("the goal is a ratio of 3")
    return {name: each["rate"] for name, each in median.items()}


# ---- latency

def measure_latency(sides, rates):
    print(f"\n{'':32}{'accepted to second':>18}{'request to second':>25}\n"
          f"{'at a tenth of its rate':32}{'p50 ms':>9}{'p99 ms':>9}"
          f"{'p50 ms':>16}{'p99 ms':>9}")
    for side in sides:
        name = side["system"].name
        rate = max(1, round(rates[name] / 10))
        output = subprocess.run(
            ["node", str(ROOT / "bench/scenarios/latency.mjs"),
             side["latency_hook"], str(side["latency_port"]), str(rate),
             str(LATENCY_SECONDS)], check=True, capture_output=True,
            text=True, timeout=60).stdout
        got = json.loads(output)
        what = f"{name}, {rate}/s, {got['arrived']} of {got['count']}"
        print(f"{what:32}{got['accepted']['p50']:>9}"
              f"{got['accepted']['p99']:>9}{got['sent']['p50']:>16}"
              f"{got['sent']['p99']:>9}")


# ---- memory

def measure_memory(sides, when):
    for side in sides:
        now, own, _ = memory(side["pid"])
        print(f"{side['system'].name:12}{when:18}{now / 1024:>7.1f} MiB, "
              f"{own / 1024:.1f} of it its own, "
              f"{threads(side['pid'])} threads")


# ---- queue

def fill_and_drain(hook, port, pid):
    before = memory(pid)[0]
    output = subprocess.run(
        ["node", str(ROOT / "bench/scenarios/queue.mjs"), hook, str(port),
         str(QUEUED)], check=True, capture_output=True, text=True,
        timeout=180).stdout
    return json.loads(output) | {"before": before, "peak": memory(pid)[2]}


def measure_queue(binary, directory):
    """Each by a hub of its own, with the usual limit of its queue."""
    print(f"\n{QUEUED} requests that wait{'':8}{'seen':>6}{'refused':>9}"
          f"{'twice':>7}{'runs/s':>8}{'MiB before':>12}{'at most':>9}   order")
    for name, is_sequential in (("one at a time", True),
                                ("up to 16 at once", False)):
        hub = ScenarioHub(binary, tempfile.mkdtemp(dir=directory),
                          bench.free_port())
        hub.more = []
        port = bench.free_port()
        with bench.running(hub.command(), env=hub.environment(),
                           stdout=subprocess.DEVNULL) as process:
            bench.wait_until(hub.is_ready, 20, "the hub is ready")
            hook = hub.add(f"http://127.0.0.1:{port}/",
                           {"sequential": is_sequential})
            got = fill_and_drain(hook, port, process.pid)
        order = "kept" if got["inOrder"] else \
            f"begun at most {got['displaced']} places early"
        print(f"{name:31}{got['seen']:>6}{got['refused']:>9}"
              f"{got['twice']:>7}{QUEUED / got['drainSeconds']:>8.0f}"
              f"{got['before'] / 1024:>12.1f}{got['peak'] / 1024:>9.1f}"
              f"   {order}")


# ---- all

def start(stack, system, environment, sink):
    side = {"system": system, "latency_port": bench.free_port()}
    target = f"http://127.0.0.1:{side['latency_port']}/"
    if isinstance(system, NodeRed):
        side |= {"hook": system.add(sink.url),
                 "latency_hook": system.add(target)}
    process = stack.enter_context(
        bench.running(system.command(), env=environment,
                      stdout=subprocess.DEVNULL))
    bench.wait_until(system.is_ready, 60, f"{system.name} is ready")
    side["pid"] = process.pid
    if not isinstance(system, NodeRed):
        side |= {"hook": system.add(sink.url),
                 "latency_hook": system.add(target)}
    return side


def measure(arguments, directory, stack):
    binary = str(pathlib.Path(arguments.build).resolve() / "grapnel")
    sink = bench.Sink(directory, bench.free_port())
    stack.enter_context(bench.running(sink.command()))
    bench.wait_until(sink.is_up, 10, "the sink is up")
    installed = arguments.node_red or install_node_red(
        stack.enter_context(tempfile.TemporaryDirectory(prefix="node-red-")))
    hub = ScenarioHub(binary, directory, bench.free_port())
    sides = [start(stack, NodeRed(installed, directory, bench.free_port()),
                   os.environ, sink),
             start(stack, hub, hub.environment(), sink)]
    times = bench.sync_times(directory)
    print(f"{os.cpu_count()} processors; one 4 KiB append with fdatasync: "
          f"{times[len(times) // 2]:.0f} us (p50)")
    if "memory" in arguments.parts:
        measure_memory(sides, "idle, started")
    rates = {"Node-RED": 500, "Grapnel": 1500}
    if "rate" in arguments.parts:
        rates = measure_rates(sink, sides)
    if "latency" in arguments.parts:
        measure_latency(sides, rates)
    if "memory" in arguments.parts:
        measure_memory(sides, "idle, after that")
    if "queue" in arguments.parts:
        measure_queue(binary, directory)


def too_late(*_):
    sys.exit(f"bench: over {TOTAL_SECONDS} s in all")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", nargs="?", default=str(ROOT / "build"))
    parser.add_argument("--node-red")
    parser.add_argument("--only", dest="parts", default=PARTS,
                        type=lambda text: text.split(","))
    arguments = parser.parse_args()
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(TOTAL_SECONDS)
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(
            prefix="bench-", dir=arguments.build))
        directory = str(pathlib.Path(directory).resolve())
        os.chmod(directory, 0o755)  # nginx drops its rights when it is root
        measure(arguments, directory, stack)
    return 0


if __name__ == "__main__":
    sys.exit(main())
