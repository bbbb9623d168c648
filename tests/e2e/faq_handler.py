"""A webhook handler in the manner of the product's FAQ, as a real server.

    python3 faq_handler.py PORT FILE

GET answers the challenge with {"verification": <the same>}; POST answers 201
and appends the body to FILE, one line each. Prints a line once it listens.
"""

import http.server
import json
import sys

CHALLENGE = "x-compute-ops-mgmt-verification-challenge"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    file = None

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        challenge = self.headers.get(CHALLENGE)
        if challenge is None:
            self.answer(400, {"error": f"no {CHALLENGE} header"})
        else:
            self.answer(200, {"verification": challenge})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        line = json.dumps(json.loads(body)).encode() + b"\n"
        self.file.write(line)
        self.answer(201, {})

    def log_message(self, *_):
        """Says nothing of each request."""


def main():
    port, path = int(sys.argv[1]), sys.argv[2]
    # Unbuffered and in append mode: whole lines, whatever the threads do.
    with open(path, "ab", buffering=0) as Handler.file:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        print(f"listening on {port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
