#!/usr/bin/env python3
"""One event to 10,000 webhooks, and what so many cost in memory.

    bench/fanout.py [BUILD_DIR]

Against the nginx sink of bench/run.py: makes WEBHOOKS webhooks that all match
one event, tells the hub's memory while it idles with them, publishes the
event and tells how long it takes until every attempt has reached the sink
(goal: 2 s from the acknowledgement at the default caps), and that its body was
stored once. The yardstick is wrk sending as many POSTs to the sink itself.
"""

import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import run as bench  # noqa: E402

WEBHOOKS = 10000
THREADS = 16
TOTAL_SECONDS = 240
FILTER = "type eq 'bench/fanout'"


def memory(pid):
    """Resident KiB: all, and what is the process's own."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return [int(re.search(rf"^{name}:\s+(\d+)", text, re.M).group(1))
            for name in ("VmRSS", "RssAnon")]


def settled_memory(pid):
    last = memory(pid)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        time.sleep(0.5)
        now = memory(pid)
        if abs(now[0] - last[0]) < 64:
            return now
        last = now
    return last


class FanoutHub(bench.Hub):
    def __init__(self, binary, directory, port):
        super().__init__(binary, directory, port)
        self.more = ["--webhooks-max", str(WEBHOOKS + 10)]


def call(connection, hub, method, path, body, kind="application/json"):
    connection.request(method, path, body, {
        "Authorization": f"Bearer {hub.token}", "Content-Type": kind})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        sys.exit(f"bench: {method} {path}: {answer.status} {text.decode()}")
    return json.loads(text or b"null")


def add_webhooks(hub, destination, count, filter_text):
    """Each to a path of its own at the destination."""
    def some(numbers):
        connection = http.client.HTTPConnection(hub.listen)
        for number in numbers:
            call(connection, hub, "POST", "/v1/webhooks", json.dumps({
                "name": f"webhook {number}", "handshake": "none",
                "destination": f"{destination}w/{number}",
                "filter": filter_text}))
        connection.close()

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(some, [range(i, count, THREADS)
                             for i in range(THREADS)]))


def measure_fanout(hub, sink, number):
    connection = http.client.HTTPConnection(hub.listen)
    body = json.dumps({"n": number, "pad": "x" * 1000})
    before = bench.settle(sink)
    call(connection, hub, "PUT", "/v1/resources/bench%2Ffanout/1", body)
    start = time.monotonic()
    bench.wait_until(lambda: sink.requests() - before >= WEBHOOKS, 60,
                     "all deliveries arrive")
    connection.close()
    return time.monotonic() - start


def measure_yardstick(sink):
    result = bench.wrk("direct", sink.url)
    return WEBHOOKS * result["seconds"] / result["requests"]


@contextlib.contextmanager
def running_hub(hub):
    with bench.running(hub.command(), env=hub.environment(),
                       stdout=subprocess.DEVNULL) as process:
        bench.wait_until(hub.is_ready, 30, "the hub is ready")
        yield process


def count_bodies(directory):
    """Rows that hold the body of one of the events, by the database."""
    with contextlib.closing(sqlite3.connect(
            f"file:{directory}/data/grapnel.db?mode=ro", uri=True)) as store:
        return store.execute(
            "SELECT count(*) * 1.0 / count(DISTINCT body) FROM events"
            " WHERE type = 'bench/fanout'").fetchone()[0]


def measure_many(directory, binary, sink):
    hub = FanoutHub(binary, directory, bench.free_port())
    with running_hub(hub) as process:
        empty = settled_memory(process.pid)
        add_webhooks(hub, sink.url, WEBHOOKS, FILTER)
        made = settled_memory(process.pid)
        yardstick = measure_yardstick(sink)
        times = [measure_fanout(hub, sink, n) for n in range(3)]
    with running_hub(hub) as process:
        idle = settled_memory(process.pid)
    print(f"idle memory: {empty[0] / 1024:.1f} MiB without webhooks, "
          f"{idle[0] / 1024:.1f} MiB with {WEBHOOKS} "
          f"({idle[1] / 1024:.1f} of it its own); just after they were made "
          f"{made[0] / 1024:.1f}")
    print(f"bodies stored for each of these events: "
          f"{count_bodies(directory):.0f}")
    print(f"1 event -> {WEBHOOKS} webhooks: all attempts arrived "
          f"{' '.join(f'{each:.2f}' for each in times)} s after the "
          f"acknowledgement; wrk takes {yardstick:.2f} s for as many")


def too_late(*_):
    sys.exit(f"bench: over {TOTAL_SECONDS} s in all")


def main(arguments):
    build = pathlib.Path(arguments[0] if arguments else bench.ROOT / "build")
    binary = str(build.resolve() / "grapnel")
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(TOTAL_SECONDS)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as directory:
        directory = str(pathlib.Path(directory).resolve())
        os.chmod(directory, 0o755)
        sink = bench.Sink(directory, bench.free_port())
        with bench.running(sink.command()):
            bench.wait_until(sink.is_up, 10, "the sink is up")
            measure_many(directory, binary, sink)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
