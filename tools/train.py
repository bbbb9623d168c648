#!/usr/bin/env python3
"""The load by which a release is built: what a busy hub does, shortly.

    tools/train.py GRAPNEL

States are published one and a hundred a request, matched by filters, and
delivered to an endpoint that answers at once, as they are and as CloudEvents;
then a hook's requests run a scenario. The compiler lays the program out by how
often each part of it was gone through. Nothing here is measured. It needs
nothing but Python, listens on loopback only, and takes some ten seconds.
"""

import asyncio
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BULKS, PER_BULK = 500, 100
SINGLES = 8000
HOOK_REQUESTS = 1500
OTHER_FILTERS = 200
CONNECTIONS = 32
RESOURCES = 4000
DEADLINE = 120


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Endpoint(asyncio.Protocol):
    """Answers each request with 204, and counts."""

    requests = 0

    def connection_made(self, transport):
        self.transport = transport
        self.bytes = b""

    def data_received(self, data):
        self.bytes += data
        while True:
            head, end, rest = self.bytes.partition(b"\r\n\r\n")
            length = 0
            for line in head.split(b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    length = int(line[15:])
            if not end or len(rest) < length:
                return
            self.bytes = rest[length:]
            Endpoint.requests += 1
            self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


class Hub:
    """An instrumented hub on an empty folder. Neither it nor what asks it
    minds settings or proxies of the environment."""

    def __init__(self, program, directory):
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}))
        self.port = free_port()
        self.token = secrets.token_hex(24)
        self.process = subprocess.Popen(
            [program, "serve", "--data", directory, "--listen",
             f"127.0.0.1:{self.port}", "--allow-http", "--allow-private",
             "127.0.0.0/8", "--log-level", "error", "--webhooks-max",
             str(OTHER_FILTERS + 2)],
            env={name: value for name, value in os.environ.items()
                 if not name.startswith("GRAPNEL_")}
            | {"GRAPNEL_ADMIN_TOKEN": self.token},
            stdout=subprocess.DEVNULL)

    def call(self, method, path, body=None):
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"Authorization": f"Bearer {self.token}",
                     "Content-Type": "application/json"})
        with self.opener.open(asked, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def is_ready(self):
        if self.process.poll() is not None:
            sys.exit("train: the hub has ended instead of serving")
        try:
            self.call("GET", "/readyz")
            return True
        except OSError:
            return False

    def stop(self):
        """It writes its counters when it ends by itself."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=60)
        finally:
            self.process.kill()
            self.process.wait()

    def head(self, method, path, kind, length):
        return (f"{method} {path} HTTP/1.1\r\nHost: hub\r\n"
                f"Authorization: Bearer {self.token}\r\n"
                f"Content-Type: {kind}\r\n"
                f"Content-Length: {length}\r\n\r\n").encode()


def until(claim, what):
    end = time.monotonic() + DEADLINE
    while not claim():
        if time.monotonic() > end:
            sys.exit(f"train: not within {DEADLINE} s: {what}")
        time.sleep(0.02)


def state(number):
    """A server's, of about a KiB, each different from all others."""
    return {
        "id": f"TRAIN+{number % RESOURCES}", "type": "compute-ops/server",
        "name": f"server {number}", "serial": f"{number:010}",
        "hardware": {"model": "ProLiant DL325 Gen10 Plus",
                     "powerState": "ON" if number % 3 else "OFF",
                     "health": {"summary": "OK", "fans": "OK", "memory": "OK"},
                     "bios": ["x" * 60] * 8, "memoryMb": 65536 + number},
        "tags": {"rack": f"r{number % 40}", "site": "here"},
        "updatedAt": f"2026-01-01T00:00:{number % 60:02}Z",
        "firmware": [{"name": f"part {i}", "version": f"{i}.{number % 7}"}
                     for i in range(6)],
    }


def line(number):
    return json.dumps({"type": "compute-ops/server",
                       "id": f"TRAIN+{number % RESOURCES}",
                       "state": state(number)})


def bulks(hub, first):
    for at in range(first, first + BULKS * PER_BULK, PER_BULK):
        body = "\n".join(line(at + i) for i in range(PER_BULK)).encode()
        yield hub.head("POST", "/v1/resources", "application/x-ndjson",
                       len(body)) + body


def singles(hub, first):
    for number in range(first, first + SINGLES):
        body = json.dumps(state(number)).encode()
        path = f"/v1/resources/compute-ops%2Fserver/TRAIN%2B" \
               f"{number % RESOURCES}"
        yield hub.head("PUT", path, "application/json", len(body)) + body


def hook_requests(hub, path):
    body = json.dumps({"n": 1, "server": "a server", "power": "Off"}).encode()
    for _ in range(HOOK_REQUESTS):
        yield hub.head("POST", path, "application/json", len(body)) + body


async def send(port, requests):
    """Over one connection, one after the other; false: one was refused."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    is_good = True
    for request in requests:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        is_good = is_good and head[9:10] == b"2"
        for each in head.lower().split(b"\r\n"):
            if each.startswith(b"content-length:"):
                await reader.readexactly(int(each[15:]))
    writer.close()
    return is_good


async def load_all(hub, requests, arrivals, what):
    before = Endpoint.requests
    results = await asyncio.gather(
        *(send(hub.port, requests) for _ in range(CONNECTIONS)))
    if not all(results):
        sys.exit(f"train: {what} were refused")
    while Endpoint.requests - before < arrivals:
        await asyncio.sleep(0.05)


async def load(hub, requests, arrivals, what):
    """Sends all, and waits until so many more have arrived."""
    try:
        await asyncio.wait_for(
            load_all(hub, requests, arrivals, what), DEADLINE)
    except asyncio.TimeoutError:
        sys.exit(f"train: not within {DEADLINE} s: {what} have arrived")


def add_webhook(hub, name, url, options):
    return hub.call("POST", "/v1/webhooks", {
        "name": name, "destination": url, "handshake": "none",
        "filter": "type eq 'compute-ops/server'"} | options)["id"]


def add_filters(hub, url):
    """Filters that hold every event against something, and never match."""
    for i in range(OTHER_FILTERS):
        add_webhook(hub, f"none {i}", url, {
            "filter": "type eq 'compute-ops/server' and "
                      f"new/tags/rack eq 'none {i}' and "
                      f"startswith(new/name, 'not {i}')"})


def add_scenario(hub, url):
    """The path of a hook whose scenario calls the endpoint twice."""
    text = (ROOT / "bench/scenarios/two-actions.json").read_text()
    blueprint = json.loads(text.replace("@SINK@", url))
    scenario = hub.call("POST", "/v1/scenarios",
                        {"blueprint": blueprint, "isEnabled": True})
    hook = hub.call("POST", "/v1/hooks", {
        "name": "train", "scenarioId": scenario["id"],
        "rate": {"requests": 0, "window": "10s"}})
    return f"/hook/{hook['token']}"


async def deliver(hub, url):
    events = BULKS * PER_BULK
    add_filters(hub, url)
    only = add_webhook(hub, "states", url, {"payload": "resource"})
    await load(hub, bulks(hub, 0), events, "states in bulks")
    await load(hub, singles(hub, events), SINGLES, "single states")
    hub.call("PATCH", f"/v1/webhooks/{only}", {"state": "DISABLED"})
    add_webhook(hub, "events", url, {"payload": "cloudevent"})
    await load(hub, singles(hub, 2 * events), SINGLES, "CloudEvents")


async def train(hub):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Endpoint, "127.0.0.1", 0)
    url = "http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
    await deliver(hub, url)
    path = add_scenario(hub, url)
    await load(hub, hook_requests(hub, path), 2 * HOOK_REQUESTS,
               "requests of a scenario")
    server.close()


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    # So that the hub and its folder go, too; nohup has one ignored.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: sys.exit("train: interrupted"))
    with tempfile.TemporaryDirectory(prefix="grapnel-train-") as directory:
        hub = Hub(arguments[0], directory)
        try:
            until(hub.is_ready, "the hub is ready")
            asyncio.run(train(hub))
        finally:
            code = hub.stop()
    if code:
        sys.exit(f"train: the hub has ended with {code}")


if __name__ == "__main__":
    main(sys.argv[1:])
