"""Lambda's Runtime API for one invocation, with a deadline of one's own: the emulator's is long over.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import http.server
import json
import queue
import threading
import time
from pathlib import Path
from typing import Any, Mapping

from .places import binary
from .processes import Child

_RUNTIME = "/2018-06-01/runtime"


def invoke_once(name: str, environment: Mapping[str, str], event: Any, *, seconds: float, log: Path) -> tuple[Any, float]:
    """What the function of that name answers to an event that it is given so many seconds for, and after how many."""
    events: queue.Queue[bytes] = queue.Queue()
    answers: queue.Queue[tuple[float, Any]] = queue.Queue()
    events.put(json.dumps(event).encode())
    begun: list[float] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = events.get()
            begun.append(time.monotonic())
            deadline = str(int((time.time() + seconds) * 1000))
            arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
            self._reply(200, content, {"Lambda-Runtime-Aws-Request-Id": "1", "Lambda-Runtime-Deadline-Ms": deadline, "Lambda-Runtime-Invoked-Function-Arn": arn})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answers.put((time.monotonic(), json.loads(body or b"null")))
            self._reply(202, b"{}", {})

        def _reply(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for header, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(content))}.items():
                self.send_header(header, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="runtime", daemon=True).start()
    lambdas_own = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    }
    child = Child(name, [str(binary(name))], log, env={**environment, **lambdas_own})
    try:
        at, answer = answers.get(timeout=seconds + 30)
        return answer, at - begun[0]
    except queue.Empty:
        raise TimeoutError(f"{name} did not answer; the end of its log:\n{child.output()[-4000:]}") from None
    finally:
        child.stop()
        server.shutdown()
        server.server_close()
