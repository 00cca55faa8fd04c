"""The served GitHub as a process of its own.

usage: python -m support.served_github PORT WORLD SCHEMA [--described OPENAPI]

WORLD is a world that was pickled by whoever starts this.
"""

from __future__ import annotations

import argparse
import http.server
import json
import pickle
import sys
import traceback
from pathlib import Path
from typing import Any

from .control import PREFIX, Control
from .openapi import Description
from .request import Answer, json_answer
from .service import HangUp, Service


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # Many connections come at once.
    request_queue_size = 256

    def __init__(self, port: int, service: Service):
        super().__init__(("127.0.0.1", port), _Handler)
        self.service, self.control = service, Control(service)

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that went away, or was killed, is no error of the server's."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer goes out at once and in one piece: as two, the second would wait for the caller's delayed acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if self.path.startswith(PREFIX):
                self._send(self._about_itself(self.path.removeprefix(PREFIX), body))
            else:
                headers = {name.lower(): value for name, value in self.headers.items()}
                self._send(*self.server.service.answer(self.command, self.path, headers, body))
        except (ConnectionError, HangUp):
            # Told to hang up, or nobody is there any more to be answered.
            self.close_connection = True
        except Exception:  # noqa: BLE001  A fault of this server must reach the test that caused it.
            traceback.print_exc()
            self._send(json_answer(599, {"message": "the served GitHub failed", "traceback": traceback.format_exc()}))

    do_GET = do_POST = do_HEAD = do_PUT = do_PATCH = do_DELETE = _any

    def _about_itself(self, what: str, body: bytes) -> Answer:
        service, made = self.server.service, None
        with service.lock:
            if what == "requests":
                made = service.log.entries()
            elif what == "counters":
                made = service.log.counters() | {"most_at_once": service.limits.most_at_once}
            elif what == "world":
                service.serve(pickle.loads(body))
                self.server.control, made = Control(service), {}
            elif what == "do":
                try:
                    made = self.server.control.do(json.loads(body))
                except Exception:  # noqa: BLE001  Whatever it is, the test that asked must hear it.
                    return json_answer(400, traceback.format_exc())
        return json_answer(200 if made is not None else 404, made)

    def _send(self, answer: Answer, breaks_after: int | None = None) -> None:
        self.send_response_only(answer.status)
        self.send_header("Date", self.date_time_string(self.server.service.clock.now()))
        self.send_header("Server", "github.com")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[:breaks_after])
        self.close_connection |= breaks_after is not None
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("world", type=Path)
    parser.add_argument("schema", type=Path)
    parser.add_argument("--described", type=Path)
    given = parser.parse_args()
    world = pickle.loads(given.world.read_bytes())
    service = Service(world, given.schema, Description(given.described) if given.described else None)
    _Server(given.port, service).serve_forever()


if __name__ == "__main__":
    main()
