#!/usr/bin/env python3
"""How long a start takes with a million deliveries waiting.

    bench/backlog.py [BUILD_DIR [DELIVERIES]]

Makes a database of a hundred webhooks whose deliveries wait, half of them
never tried and half due again hours later, and starts a hub on it: the time
from the process's start until /readyz says yes (to be under 2 s for a
million), until the first delivery arrives, and the memory taken. Next to it
the same hub with nothing waiting. Then what a waiting delivery takes in
memory, by window_bench (to be at most 400 bytes).

About 200 MB of disk below the build folder, removed at the end.
"""

import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import run

WEBHOOKS = 100
PER_EVENT = 10
TOTAL_SECONDS = 240
HOUR = 3600 * 1_000_000


class Backlog(run.Hub):
    def command(self):
        return super().command() + ["--webhooks-max", str(WEBHOOKS)]

    def add_webhooks(self, destination):
        for number in range(WEBHOOKS):
            self.call("POST", "/v1/webhooks", {
                "name": f"w{number}", "destination": destination,
                "filter": "type eq 'compute-ops/server'",
                "handshake": "none"})

    def numbers(self):
        with self.database() as db:
            return [row[0] for row in db.execute(
                "SELECT number FROM webhooks ORDER BY number")]

    def database(self):
        return sqlite3.connect(f"{self.directory}/data/grapnel.db")

    def fill(self, count):
        now = int(time.time() * 1_000_000)
        events = count // PER_EVENT
        numbers = self.numbers()
        body = b'{"name":"server","state":"' + b"x" * 200 + b'"}'
        # Making the webhooks was written down as events.
        with self.database() as db:
            first, = db.execute(
                "SELECT coalesce(max(sequence), 0) FROM events").fetchone()

        def event(at):
            return (first + at, 1, 1, 0, 0, now, now, PER_EVENT, 0, None, "/bench",
                    "compute-ops/server", None, f"r{at}", "gk_bench", "", body,
                    (at - 1) * PER_EVENT + 1)

        def delivery(at):
            tried = at % 2
            return (at, 1, first + (at - 1) // PER_EVENT + 1,
                    numbers[at % len(numbers)], 0, tried,
                    now + tried * (6 * HOUR + at), now, now, "", 1)

        with self.database() as db:
            db.execute("PRAGMA synchronous = OFF")
            db.executemany(
                "INSERT INTO events (sequence, workspace, operation, form,"
                " previous, time, accepted, matched, is_id_given, id, source,"
                " type, type_as_received, subject, publisher, attributes,"
                f" body, first_delivery) VALUES ({','.join('?' * 18)})",
                (event(at) for at in range(1, events + 1)))
            db.executemany(
                "INSERT INTO deliveries (sequence, workspace, event, webhook,"
                " state, attempts, due, created, updated, reason, is_in_row)"
                f" VALUES ({','.join('?' * 11)})",
                (delivery(at) for at in range(1, count + 1)))


def resident_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


def measure(hub, sink, what):
    before = sink.requests() if what else 0
    began = time.monotonic()
    with run.running(hub.command(), env=hub.environment()) as process:
        run.wait_until(hub.is_ready, 60, "the hub is ready")
        ready = time.monotonic() - began
        first = ""
        if what:
            run.wait_until(lambda: sink.requests() > before, 60,
                           "a delivery arrives")
            first = f"{time.monotonic() - began:8.2f} s"
            time.sleep(2)
        print(f"{what or 'nothing':>10} waiting: ready after {ready:6.2f} s,"
              f" first delivery {first or '-':>10},"
              f" {resident_mib(process.pid):6.1f} MiB")
    return ready


def main(arguments):
    build = pathlib.Path(arguments[0] if arguments else run.ROOT / "build")
    count = int(arguments[1]) if len(arguments) > 1 else 1_000_000
    signal.signal(signal.SIGALRM, run.too_late)
    signal.alarm(TOTAL_SECONDS)
    if shutil.disk_usage(build).free < count * 1000:
        sys.exit("bench: not enough room on the disk")
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as directory:
        directory = str(pathlib.Path(directory).resolve())
        pathlib.Path(directory).chmod(0o755)
        sink = run.Sink(directory, run.free_port())
        hub = Backlog(str(build.resolve() / "grapnel"), directory,
                      run.free_port())
        with run.running(sink.command()):
            run.wait_until(sink.is_up, 10, "the sink is up")
            with run.running(hub.command(), env=hub.environment()):
                run.wait_until(hub.is_ready, 20, "the hub is ready")
                hub.add_webhooks(sink.url)
            measure(hub, sink, 0)
            hub.fill(count)
            measure(hub, sink, count)
    subprocess.run([build / "window_bench"], check=True, timeout=60)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
