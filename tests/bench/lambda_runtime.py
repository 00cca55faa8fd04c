"""Lambda's Runtime API, as far as one function at a time needs it, with a clock on it.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""
import http.server
import itertools
import json
import os
import pathlib
import queue
import subprocess
import threading
import time

PREFIX = "/2018-06-01/runtime"


class Runtime:
    """Starts one function's binary, hands it events, and takes its answers.

    `started` is the time in seconds from the start of the process until its first poll: what a cold start takes, without
    what Lambda itself adds.
    """

    def __init__(self, binary, env):
        self.events, self.answers, self.ids = queue.Queue(), queue.Queue(), itertools.count(1)
        self.polled, self.first_poll = threading.Event(), None
        handler = type("Handler", (_Handler,), {"runtime": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        name = pathlib.Path(binary).name
        env = {**env, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}", "AWS_LAMBDA_FUNCTION_NAME": name,
               "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "1", "_HANDLER": "bootstrap"}
        self.log = open(os.devnull, "wb") if not env.get("BENCH_LOG") else open(env["BENCH_LOG"], "ab")
        begun = time.monotonic()
        self.process = subprocess.Popen([str(binary)], env=env, stdout=self.log, stderr=self.log)
        if not self.polled.wait(30):
            self.stop()
            raise RuntimeError(f"{name} did not poll within 30 s (exit code {self.process.poll()})")
        self.started = self.first_poll - begun

    def invoke(self, event, timeout=900):
        """The function's answer to one event."""
        self.events.put((str(next(self.ids)), json.dumps(event).encode()))
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                kind, answer = self.answers.get(timeout=1)
            except queue.Empty:
                if self.process.poll() is not None:
                    raise RuntimeError(f"the function ended with {self.process.returncode}") from None
                continue
            if kind == "error":
                raise RuntimeError(f"the function failed: {answer}")
            return answer
        raise RuntimeError("the function did not answer in time")

    def peak_memory(self):
        """The most memory that the process has had so far, in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status")
        if not status.exists():
            return None
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def stop(self):
        self.process.kill()
        self.process.wait(20)
        self.server.shutdown()
        self.server.server_close()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    runtime = None

    def do_GET(self):
        now = time.monotonic()
        if self.path != f"{PREFIX}/invocation/next":
            return self.reply(404, b"{}")
        if not self.runtime.polled.is_set():
            self.runtime.first_poll = now
            self.runtime.polled.set()
        request, event = self.runtime.events.get()
        deadline = str(int((time.time() + 900) * 1000))
        self.reply(200, event, {"Lambda-Runtime-Aws-Request-Id": request, "Lambda-Runtime-Deadline-Ms": deadline,
                                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:bench"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) if not self.chunked() else self.chunks()
        kind = "answer" if self.path.endswith("/response") else "error"
        self.runtime.answers.put((kind, json.loads(body or b"null")))
        self.reply(202, b"{}")

    def chunked(self):
        return self.headers.get("Transfer-Encoding", "").lower() == "chunked"

    def chunks(self):
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def reply(self, status, body, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
