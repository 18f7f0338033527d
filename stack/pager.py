"""`python -m stack.pager PORT`: a receiver of alerts that prints them, a line each, in place of whoever is on duty."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from stack.place import HOST


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Print every alert of a notification."""
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for alert in told["alerts"]:
            notes = alert["annotations"]
            words = (alert["status"], alert["labels"]["alertname"], notes["summary"], notes["runbook_url"])
            print(f"{self.path[1:]}: {': '.join(words[:3])} ({words[3]})", flush=True)
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        """Say that it listens."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Keep the log for alerts."""


if __name__ == "__main__":
    ThreadingHTTPServer((HOST, int(sys.argv[1])), _Receiver).serve_forever()
