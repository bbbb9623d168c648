#!/usr/bin/env python3
"""How many events go from a publisher to an endpoint, fsync on.

    bench/run.py [BUILD_DIR [CONNECTIONS]]

In one run, on one machine: what wrk POSTs straight to an nginx sink that
answers 204 (the yardstick), then what reaches the same sink through a hub,
published one state a request and as NDJSON. Each is measured five times in
turn, after a round of it that does not count, and the middle one counts. Last,
how long one event takes at a tenth of that rate. A rate through the hub is the
number of acknowledged events divided by the time from the first request until
all of them have been delivered. docs/benchmarks.md explains more.

Everything it writes is below a temporary folder on the build's disk, removed
at the end; the figures go to standard output.
"""

import contextlib
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROUNDS = 5
THREADS = 2
PER_BULK = 100
SECONDS = {"direct": 4, "single": 4, "bulk": 4}
LATENCY_SECONDS = 5
DRAIN_SECONDS = 25
TOTAL_SECONDS = 300
WEBHOOKS = "/compute-ops-mgmt/v1beta1/webhooks"
connections = 128


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(claim, seconds, what):
    end = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > end:
            sys.exit(f"bench: not within {seconds} s: {what}")
        time.sleep(0.02)


@contextlib.contextmanager
def running(command, **more):
    """A process that is stopped, by its own id, when the block ends."""
    with subprocess.Popen(command, **more) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def make_certificate(certificate, key):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=sink", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
         "-out", certificate], check=True, capture_output=True)


class Sink:
    """nginx, and how many requests it has had."""

    def __init__(self, directory, port):
        tls_port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        self.tls_url = f"https://127.0.0.1:{tls_port}/"
        self.authority = f"{directory}/sink.pem"
        self.polls = 0
        text = (ROOT / "bench/sink.conf").read_text()
        self.config = pathlib.Path(directory, "sink.conf")
        self.config.write_text(text.replace("@DIR@", directory)
                               .replace("@PORT@", str(port))
                               .replace("@TLS_PORT@", str(tls_port)))
        make_certificate(self.authority, f"{directory}/sink.key")

    def command(self):
        return ["nginx", "-p", str(self.config.parent), "-c",
                str(self.config)]

    def requests(self):
        """Requests so far without those made to ask for the number."""
        with urllib.request.urlopen(self.url + "count", timeout=10) as answer:
            text = answer.read().decode()
        self.polls += 1
        total = int(re.search(r"^ *\d+ +\d+ +(\d+)", text, re.M).group(1))
        return total - self.polls

    def is_up(self):
        try:
            return self.requests() >= 0
        except OSError:
            return False


class Hub:
    def __init__(self, binary, directory, port):
        self.binary = binary
        self.directory = directory
        self.listen = f"127.0.0.1:{port}"
        self.url = f"http://{self.listen}"
        self.token = secrets.token_hex(24)
        self.more = []

    def command(self):
        return [self.binary, "serve", "--data", f"{self.directory}/data",
                "--listen", self.listen, "--allow-http",
                "--allow-private", "127.0.0.0/8", "--log-level", "warning"] \
            + self.more

    def environment(self):
        return os.environ | {"GRAPNEL_ADMIN_TOKEN": self.token}

    def call(self, method, path, body=None):
        asked = urllib.request.Request(
            self.url + path, method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"Authorization": f"Bearer {self.token}",
                     "Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def is_ready(self):
        try:
            urllib.request.urlopen(self.url + "/readyz", timeout=10).close()
            return True
        except OSError:
            return False

    def add_webhook(self, destination):
        made = self.call("POST", WEBHOOKS, {
            "name": "sink", "destination": destination, "state": "ENABLED",
            "eventFilter": "type eq 'compute-ops/server'", "headers": {}})
        path = f"{WEBHOOKS}/{made['id']}"
        wait_until(lambda: self.call("GET", path)["status"] == "ACTIVE", 20,
                   "the sink accepts the handshake")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text() \
        .rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wrk(mode, url, *arguments):
    output = subprocess.run(
        ["wrk", "-t", str(THREADS), "-c", str(connections), "-d",
         f"{SECONDS[mode]}s", "--timeout", "10s", "-s",
         str(ROOT / "bench/publish.lua"), url, "--", mode, *arguments],
        check=True, capture_output=True, text=True,
        timeout=SECONDS[mode] + 30).stdout
    result = json.loads(output.splitlines()[-1])
    if result["refused"] or result["broken"]:
        print(f"  {mode}: {result['refused']} answers were no 2xx, "
              f"{result['broken']} requests broke")
    return result


def measure_direct(sink):
    result = wrk("direct", sink.url)
    return result["requests"] / result["seconds"], None


def settle(sink):
    """Waits until nothing arrives any more; returns how many did in all."""
    seen = -1
    quiet_since = time.monotonic()
    end = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() - quiet_since < 0.5 and time.monotonic() < end:
        now = sink.requests()
        if now != seen:
            seen, quiet_since = now, time.monotonic()
        time.sleep(0.05)
    return seen


def measure_hub(mode, sink, hub, process, per_request):
    before = settle(sink)
    cpu = cpu_seconds(process.pid)
    start = time.monotonic()
    result = wrk(mode, hub.url, hub.token, str(per_request))
    acknowledged = result["requests"] * per_request
    if acknowledged == 0:
        sys.exit(f"bench: the hub acknowledged nothing ({mode})")
    wait_until(lambda: sink.requests() - before >= acknowledged,
               DRAIN_SECONDS, f"all {acknowledged} events are delivered")
    seconds = time.monotonic() - start
    cpu = (cpu_seconds(process.pid) - cpu) / acknowledged
    return acknowledged / seconds, cpu


def sync_times(directory, seconds=1.0):
    """Microseconds of single 4 KiB appends with fdatasync, for a second."""
    times = []
    path = pathlib.Path(directory, "sync")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.monotonic()
        os.write(descriptor, b"x" * 4096)
        os.fdatasync(descriptor)
        times.append((time.monotonic() - start) * 1e6)
    os.close(descriptor)
    path.unlink()
    return sorted(times)


NAMES = {
    "direct": "wrk straight to the sink",
    "single": "one state a request",
    "bulk": f"NDJSON, {PER_BULK} states a request",
}


def report(rates, costs):
    yardstick = statistics.median(rates["direct"])
    print(f"\n{'':34}{'events/s':>10}{'of wrk':>9}{'hub CPU':>16}   runs")
    for mode, name in NAMES.items():
        rate = statistics.median(rates[mode])
        ratio = "" if mode == "direct" else f"{rate / yardstick:.3f}"
        cost = f"{statistics.median(costs[mode]) * 1e6:.0f} us/event" \
            if costs[mode] else ""
        runs = " ".join(f"{each:.0f}" for each in rates[mode])
        print(f"{name:34}{rate:>10.0f}{ratio:>9}{cost:>16}   {runs}")


@contextlib.contextmanager
def fresh_hub(sink, binary, directory):
    """A hub on an empty folder, which goes with it."""
    hub = Hub(binary, directory, free_port())
    os.mkdir(directory)
    with running(hub.command(), env=hub.environment()) as process:
        wait_until(hub.is_ready, 20, "the hub is ready")
        hub.add_webhook(sink.url)
        yield hub, process
    shutil.rmtree(directory)


def measure_once(mode, sink, binary, directory):
    if mode == "direct":
        return measure_direct(sink)
    with fresh_hub(sink, binary, f"{directory}/hub") as (hub, process):
        return measure_hub(mode, sink, hub, process,
                           PER_BULK if mode == "bulk" else 1)


def measure_all(sink, binary, directory):
    """A hub each time, and each round twice, of which the second counts:
    memory that a virtual machine has not had in use lately takes several
    microseconds a page, and a growing database takes new pages."""
    rates = {mode: [] for mode in NAMES}
    costs = {mode: [] for mode in NAMES}
    for _ in range(ROUNDS):
        for mode in NAMES:
            measure_once(mode, sink, binary, directory)
            rate, cost = measure_once(mode, sink, binary, directory)
            rates[mode].append(rate)
            if cost:
                costs[mode].append(cost)
    report(rates, costs)
    return statistics.median(rates["single"])


def measure_latency(hub, rate):
    """At a tenth of what the hub can take."""
    output = subprocess.run(
        ["node", str(ROOT / "bench/latency.mjs"), hub.url, hub.token,
         str(max(1, round(rate / 10))), str(LATENCY_SECONDS)],
        check=True, capture_output=True, text=True, timeout=60).stdout
    result = json.loads(output)
    print(f"\npublish to delivered at {rate / 10:.0f} events/s, "
          f"{result['arrived']} of {result['sent']} arrived:\n"
          f"{'':34}{'p50 ms':>10}{'p99 ms':>9}\n"
          f"{'Node to Node, no hub between':34}"
          f"{result['direct']['p50']:>10}{result['direct']['p99']:>9}\n"
          f"{'through the hub':34}"
          f"{result['hub']['p50']:>10}{result['hub']['p99']:>9}")


def measure_tls(binary, directory, sink):
    """NDJSON once more, over TLS, by a hub of its own."""
    hub = Hub(binary, f"{directory}/tls", free_port())
    hub.more = ["--ca-file", sink.authority]
    os.mkdir(hub.directory)
    direct = wrk("direct", sink.tls_url)
    with running(hub.command(), env=hub.environment()) as process:
        wait_until(hub.is_ready, 20, "the hub is ready")
        hub.add_webhook(sink.tls_url)
        rate, cost = measure_hub("bulk", sink, hub, process, PER_BULK)
    yardstick = direct["requests"] / direct["seconds"]
    print(f"\nover TLS, for information: wrk {yardstick:.0f}, NDJSON "
          f"{rate:.0f} events/s ({rate / yardstick:.3f} of wrk), "
          f"{cost * 1e6:.0f} us/event")


def too_late(*_):
    sys.exit(f"bench: over {TOTAL_SECONDS} s in all")


def main(arguments):
    global connections
    connections = int(arguments[1]) if len(arguments) > 1 else connections
    build = pathlib.Path(arguments[0] if arguments else ROOT / "build")
    binary = build.resolve() / "grapnel"
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(TOTAL_SECONDS)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as directory:
        directory = str(pathlib.Path(directory).resolve())
        os.chmod(directory, 0o755)  # nginx drops its rights when it is root
        times = sync_times(directory)
        print(f"{os.cpu_count()} processors; one 4 KiB append with fdatasync: "
              f"{times[len(times) // 2]:.0f} us (p50), "
              f"{times[len(times) * 99 // 100]:.0f} us (p99)")
        print(f"{connections} connections, 1 KiB a state, one webhook; "
              f"median of {ROUNDS}")
        sink = Sink(directory, free_port())
        with running(sink.command()):
            wait_until(sink.is_up, 10, "the sink is up")
            rate = measure_all(sink, str(binary), directory)
            with fresh_hub(sink, str(binary), f"{directory}/late") as (hub, _):
                measure_latency(hub, rate)
            measure_tls(str(binary), directory, sink)
        times = sync_times(directory)
        print(f"\nfdatasync once more: {times[len(times) // 2]:.0f} us (p50)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
