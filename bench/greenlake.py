#!/usr/bin/env python3
"""What signing CloudEvents costs, and what batching gains, fsync on.

    bench/greenlake.py [BUILD_DIR]

In one run, on one machine, how fast a backlog of states goes to one endpoint:
as COM's webhooks send it, as GreenLake's do (a CloudEvent, signed), and so in
batches of ten. The backlog waits for the webhook's handshake while it is
published, so publishing is not measured. Each is measured three times in turn
and the middle one counts; first to an nginx that answers at once, then to an
endpoint that takes 10 ms to answer, as one far away does.
docs/benchmarks.md explains more.
"""

import contextlib
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from run import Hub, Sink, cpu_seconds, free_port, running, wait_until

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROUNDS = 3
EVENTS = {"at once": 20000, "after 10 ms": 10000}
PER_BULK = 500
BATCH = 10
TOTAL_SECONDS = 300
WEBHOOKS = "/v1/webhooks"
SIGNED = {"payload": "cloudevent-plain", "signing": "greenlake",
          "failures": "greenlake"}
KINDS = {
    "COM: the state": ({}, 1),
    "GreenLake: a signed CloudEvent": (SIGNED, 1),
    f"GreenLake: batches of {BATCH}": (SIGNED | {"batching": True}, BATCH),
}


class SlowSink:
    """bench/slow_sink.mjs, and how many requests it has had."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/"
        self.port = port

    def command(self):
        return ["node", str(ROOT / "bench/slow_sink.mjs"), str(self.port),
                "10"]

    def requests(self):
        with urllib.request.urlopen(self.url + "count", timeout=10) as answer:
            return int(answer.read())

    def is_up(self):
        try:
            return self.requests() >= 0
        except OSError:
            return False


@contextlib.contextmanager
def black_hole():
    """Takes connections and never answers: a handshake that lasts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


class Bench:
    def __init__(self, hub, process, hole):
        self.hub, self.process, self.hole = hub, process, hole
        self.number = 0

    def publish(self, count):
        for _ in range(count // PER_BULK):
            lines = []
            for _ in range(PER_BULK):
                self.number += 1
                lines.append(json.dumps({
                    "type": "compute-ops/server", "id": f"B{self.number}",
                    "state": {"name": f"bench-{self.number}",
                              "hardware": {"powerState": "ON"},
                              "tags": {"padding": "x" * 800}}}))
            asked = urllib.request.Request(
                self.hub.url + "/v1/resources", method="POST",
                data="\n".join(lines).encode(),
                headers={"Authorization": f"Bearer {self.hub.token}",
                         "Content-Type": "application/x-ndjson"})
            with urllib.request.urlopen(asked, timeout=30) as answer:
                counts = json.loads(answer.read())
            if counts.get("accepted", PER_BULK) != PER_BULK:
                sys.exit(f"bench: not all were accepted: {counts}")

    def measure(self, sink, count, options, per_request):
        """Events a second, and CPU seconds of the hub an event."""
        made = self.hub.call("POST", WEBHOOKS, {
            "name": "bench", "destination": self.hole,
            "filter": "type eq 'compute-ops/server'"} | options)
        path = f"{WEBHOOKS}/{made['id']}"
        self.publish(count)
        before = sink.requests()
        cpu = cpu_seconds(self.process.pid)
        start = time.monotonic()
        self.hub.call("PATCH", path,
                      {"destination": sink.url, "handshake": "none"})
        wait_until(lambda: sink.requests() - before >= count // per_request,
                   60, f"{count} events arrive")
        seconds = time.monotonic() - start
        cpu = cpu_seconds(self.process.pid) - cpu
        urllib.request.urlopen(urllib.request.Request(
            self.hub.url + path, method="DELETE",
            headers={"Authorization": f"Bearer {self.hub.token}"}),
            timeout=10).close()
        return count / seconds, cpu / count


def report(title, results):
    rates = {kind: statistics.median(rate for rate, _ in runs)
             for kind, runs in results.items()}
    names = list(KINDS)
    print(f"\n{'endpoint answers ' + title:34}{'events/s':>10}{'ratio':>8}"
          f"{'hub CPU':>16}   runs")
    for i, kind in enumerate(names):
        against = names[i - 1] if i else kind
        cpu = statistics.median(cpu for _, cpu in results[kind]) * 1e6
        runs = " ".join(f"{rate:.0f}" for rate, _ in results[kind])
        print(f"{kind:34}{rates[kind]:>10.0f}"
              f"{rates[kind] / rates[against]:>8.2f}"
              f"{f'{cpu:.0f} us/event':>16}   {runs}")


def measure_all(bench, title, sink):
    results = {kind: [] for kind in KINDS}
    for _ in range(ROUNDS):
        for kind, (options, per_request) in KINDS.items():
            results[kind].append(bench.measure(
                sink, EVENTS[title], options, per_request))
    report(title, results)


def too_late(*_):
    sys.exit(f"bench: over {TOTAL_SECONDS} s in all")


def main(arguments):
    build = pathlib.Path(arguments[0] if arguments else ROOT / "build")
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(TOTAL_SECONDS)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as directory, \
            black_hole() as hole:
        directory = str(pathlib.Path(directory).resolve())
        os.chmod(directory, 0o755)  # nginx drops its rights when it is root
        sink = Sink(directory, free_port())
        slow = SlowSink(free_port())
        hub = Hub(str(build.resolve() / "grapnel"), directory, free_port())
        command = hub.command() + ["--handshake-timeout", "2m",
                                   "--window", "25000"]
        print(f"{os.cpu_count()} processors; one webhook, 1 KiB a state; "
              f"median of {ROUNDS}; ratio to the row above")
        with running(sink.command()), \
                running(slow.command(), stdout=subprocess.DEVNULL):
            wait_until(sink.is_up, 10, "nginx is up")
            wait_until(slow.is_up, 10, "the slow endpoint is up")
            with running(command, env=hub.environment()) as process:
                wait_until(hub.is_ready, 20, "the hub is ready")
                bench = Bench(hub, process, hole)
                measure_all(bench, "at once", sink)
                measure_all(bench, "after 10 ms", slow)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
