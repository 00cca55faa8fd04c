"""A proxy before a served AWS, that sees every call and can do to it what a bad day does.

    with Proxy(cloud.endpoint) as proxy:
        proxy.deny("ec2", "DescribeSecurityGroups")
        proxy.on("s3", "GetObject", do=throttle, times=2)
        ...
        assert proxy.count("dynamodb", "PutItem") == 1
"""

from __future__ import annotations

import http.client
import http.server
import json
import re
import sys
import threading
import time
import urllib.parse
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Callable

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection", "content-length"}


@dataclass(frozen=True)
class Call:
    """A request as it came in."""

    service: str
    #: AWS's name of it where the protocol says it; for REST protocols, the method and the path's shape: `GET /b/k?acl`.
    operation: str
    method: str
    path: str
    access_key: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def is_(self, service: str, operation: str) -> bool:
        return fnmatchcase(self.service, service) and fnmatchcase(self.operation, operation)


@dataclass
class Answer:
    """A response as it goes out."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    #: After so many bytes of the body the connection breaks.
    breaks_after: int | None = None


Forward = Callable[[], Answer]
#: What happens to a call: it may ask the cloud (`forward()`), before or after something else, or not at all.
Deed = Callable[[Call, Forward], Answer]


@dataclass
class _Rule:
    service: str
    operation: str
    deed: Deed
    remaining: float
    #: So many calls that fit pass first.
    passing: int
    where: Callable[[Call], bool]

    def takes(self, call: Call) -> bool:
        """Whether it is this rule's turn; counts the calls that fit."""
        if self.remaining <= 0 or not call.is_(self.service, self.operation) or not self.where(call):
            return False
        if self.passing > 0:
            self.passing -= 1
            return False
        self.remaining -= 1
        return True


class Proxy:
    """Passes calls on to `target`, after the first rule that fits. Rules may be added and taken away at any time."""

    def __init__(self, target: str):
        parsed = urllib.parse.urlparse(target)
        self._upstream = (parsed.hostname or "127.0.0.1", parsed.port or 80)
        self._rules: list[_Rule] = []
        #: What chooses a deed for a call that no rule takes.
        self.otherwise: Callable[[Call], Deed | None] = lambda _call: None
        self._lock = threading.Lock()
        self.calls: list[Call] = []
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, name="proxy", daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def on(
        self,
        service: str,
        operation: str,
        do: Deed,
        times: float = float("inf"),
        *,
        after: int = 0,
        where: Callable[[Call], bool] = lambda _: True,
    ) -> None:
        """Does something to `times` calls that fit, when `after` others have passed; both names may hold `*`."""
        with self._lock:
            self._rules.append(_Rule(service, operation, do, times, after, where))

    def deny(self, service: str, operation: str, times: float = float("inf")) -> None:
        self.on(service, operation, deny, times)

    def be_kind(self) -> None:
        """Takes every rule away."""
        with self._lock:
            self._rules.clear()

    def count(self, service: str, operation: str = "*") -> int:
        return sum(call.is_(service, operation) for call in self.calls)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, call: Call) -> Answer:
        with self._lock:
            self.calls.append(call)
            rule = next((rule for rule in self._rules if rule.takes(call)), None)
        deed = rule.deed if rule else self.otherwise(call)
        return deed(call, lambda: self._forward(call)) if deed else self._forward(call)

    def _forward(self, call: Call) -> Answer:
        connection = http.client.HTTPConnection(*self._upstream, timeout=120)
        try:
            headers = {name: value for name, value in call.headers.items() if name.lower() not in _HOP_BY_HOP}
            connection.request(call.method, call.path, call.body or None, headers | {"Content-Length": str(len(call.body))})
            response = connection.getresponse()
            body = response.read()
            return Answer(response.status, response.getheaders(), body)
        finally:
            connection.close()


def deny(call: Call, _forward: Forward) -> Answer:
    """AWS's answer to a principal that lacks the permission."""
    return refuse(403, "AccessDenied" if call.service != "ec2" else "UnauthorizedOperation", "You are not authorized to perform this operation.")(call, _forward)


def throttle(call: Call, _forward: Forward) -> Answer:
    """AWS's answer to too many calls."""
    if call.service == "s3":
        return refuse(503, "SlowDown", "Please reduce your request rate.")(call, _forward)
    return refuse(400, "ThrottlingException" if call.service != "ec2" else "RequestLimitExceeded", "Rate exceeded")(call, _forward)


def refuse(status: int, code: str, message: str) -> Deed:
    """An error of AWS's, in the call's own protocol."""

    def deed(call: Call, _forward: Forward) -> Answer:
        # A client may write the names of headers as it likes.
        if any(name.lower() == "x-amz-target" for name in call.headers) or call.service in {"lambda"}:
            body = json.dumps({"__type": f"com.amazonaws#{code}", "message": message, "Message": message}).encode()
            return Answer(status, [("Content-Type", "application/x-amz-json-1.0"), ("x-amzn-ErrorType", code)], body)
        if call.service == "ec2":
            text = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>0</RequestID></Response>"
        elif call.service == "s3":
            text = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>0</RequestId></Error>"
        else:
            text = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>0</RequestId></ErrorResponse>"
        return Answer(status, [("Content-Type", "text/xml")], f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode())

    return deed


def first(act: Callable[[], object]) -> Deed:
    """Does something at the last moment before the call reaches the cloud: a race that always goes the same way."""

    def deed(_call: Call, forward: Forward) -> Answer:
        act()
        return forward()

    return deed


def then(act: Callable[[], object]) -> Deed:
    """Does something after the cloud has answered, before the caller hears of it."""

    def deed(_call: Call, forward: Forward) -> Answer:
        answer = forward()
        act()
        return answer

    return deed


def hang_up(_call: Call, _forward: Forward) -> Answer:
    """Closes the connection without a word."""
    raise ConnectionAbortedError


def drop(_call: Call, forward: Forward) -> Answer:
    """Lets the cloud do it, and closes the connection instead of saying so."""
    forward()
    raise ConnectionAbortedError


def cut(_call: Call, forward: Forward) -> Answer:
    """Breaks off in the middle of the answer's body."""
    answer = forward()
    return replace(answer, breaks_after=len(answer.body) // 2) if answer.body else drop(_call, lambda: answer)


def hang(seconds: float) -> Deed:
    """Says nothing for a while, and then hangs up."""

    def deed(call: Call, forward: Forward) -> Answer:
        time.sleep(seconds)
        return hang_up(call, forward)

    return deed


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # Many connections come at once.
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that went away, or was killed, is no error of the proxy's."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer goes out at once and in one piece: as two, the second would wait for the caller's delayed acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1
    proxy: Proxy

    def _any(self) -> None:
        body = self._body()
        try:
            self._send(self.proxy._answer(self._call(body)))
        except ConnectionError:
            # Told to hang up, or nobody is there any more to be answered.
            self.close_connection = True

    def _send(self, answer: Answer) -> None:
        # `send_response` would add a Server and a Date of its own.
        self.send_response_only(answer.status)
        length = str(len(answer.body))
        for name, value in answer.headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value
            elif name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: answer.breaks_after])
        self.close_connection |= answer.breaks_after is not None
        self.wfile.flush()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = _any

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _call(self, body: bytes) -> Call:
        scope = re.search(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/", self.headers.get("Authorization", ""))
        key, service = scope.groups() if scope else ("", "unsigned")
        target, action = self.headers.get("X-Amz-Target", ""), re.search(rb"(?:^|&)Action=(\w+)", body)
        if target:
            operation = target.rpartition(".")[2]
        elif action:
            operation = action[1].decode()
        else:
            operation = f"{self.command} {self.path}"
        return Call(service, operation, self.command, self.path, key, dict(self.headers.items()), body)

    def log_message(self, *_: object) -> None:
        pass
