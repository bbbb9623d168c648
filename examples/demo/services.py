#!/usr/bin/env python3
"""Slack, Notion and a mail server, as small as the demo needs them.

    services.py HTTP_PORT MAIL_PORT

They take what the scenario of `make run` sends, answer as the real ones do
when all is well, and print what they were told. On loopback only; nothing
needs to be installed beside Python, and nothing leaves the machine.
"""

import email
import email.policy
import http.server
import json
import socketserver
import sys
import threading

ADDRESS = "127.0.0.1"
LONGEST = 1 << 20

# The database that the record goes to: Notion tells its properties' types.
PROPERTIES = {
    "Name": "title",
    "Date": "date",
    "Serial Number": "multi_select",
    "Model": "rich_text",
    "Health": "status",
    "iLO": "url",
    "Fixed?": "checkbox",
    "Tags": "rich_text",
}

printing = threading.Lock()


def show(who, *texts):
    """Every line with its service in front, so that one can tell them."""
    with printing:
        for text in texts:
            for line in text.rstrip("\n").split("\n"):
                print(f"{who:8} | {line}", flush=True)


# ---- Slack and Notion ----

def post_message(message):
    show("Slack", f"a message in {message['channel']}",
         *(block["text"]["text"] for block in message["blocks"]))
    return {"ok": True, "channel": "C0000000000", "ts": "1700000000.000100"}


def shown(value):
    """A property without what Notion wraps it in."""
    kind, inside = next(iter(value.items()))
    if kind in ("title", "rich_text"):
        return "".join(piece["text"]["content"] for piece in inside)
    if kind == "multi_select":
        return ", ".join(option["name"] for option in inside)
    if kind in ("status", "date"):
        return inside.get("name") or inside.get("start")
    return json.dumps(inside) if kind == "checkbox" else inside


def create_page(page):
    lines = []
    for name, value in page["properties"].items():
        first, *rest = shown(value).split("\n")
        lines.append(f"  {name + ':':15}{first}")
        lines += [" " * 17 + line for line in rest]
    show("Notion", "a record", *lines)
    return {"object": "page", "id": "00000000-0000-0000-0000-000000000001",
            "url": "https://www.notion.so/demo", **page}


def get_database(_):
    return {"object": "database", "properties": {
        name: {"id": str(i), "name": name, "type": kind, kind: {}}
        for i, (name, kind) in enumerate(PROPERTIES.items())}}


ROUTES = {
    ("POST", "/api/chat.postMessage"): post_message,
    ("GET", "/v1/databases/00000000000000000000000000000000"): get_database,
    ("POST", "/v1/pages"): create_page,
}


class Services(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = min(int(self.headers.get("Content-Length", 0)), LONGEST)
        body = self.rfile.read(length)
        route = ROUTES.get((self.command, self.path))
        status, told = 200, None
        if route:
            told = route(json.loads(body) if body else None)
        else:
            status, told = 404, {"object": "error", "status": 404}
        told = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


# ---- mail ----

class Mail(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as it takes to be given a mail."""

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def take(self):
        lines = []
        while (line := self.rfile.readline(LONGEST)) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        mail = email.message_from_bytes(b"".join(lines),
                                        policy=email.policy.default)
        body = mail.get_body(("html", "plain")).get_content()
        show("mail", f"To: {mail['To']}", f"Subject: {mail['Subject']}", "",
             body.replace("\r\n", "\n"))

    def handle(self):
        self.say("220 mail.example.com ESMTP")
        while line := self.rfile.readline(LONGEST):
            word = line.split(None, 1)[0].upper() if line.strip() else b""
            if word == b"DATA":
                self.say("354 End with a dot")
                self.take()
            self.say("221 Bye" if word == b"QUIT" else "250 OK")
            if word == b"QUIT":
                return


def main(http_port, mail_port):
    socketserver.TCPServer.allow_reuse_address = True
    socketserver.ThreadingMixIn.daemon_threads = True
    mail = socketserver.ThreadingTCPServer((ADDRESS, int(mail_port)), Mail)
    services = http.server.ThreadingHTTPServer((ADDRESS, int(http_port)),
                                               Services)
    threading.Thread(target=mail.serve_forever, daemon=True).start()
    try:
        services.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
