"""A proxy before the served AWS that counts: which service, how many requests, how many bytes of answers."""
import collections
import http.client
import http.server
import re
import threading
import urllib.parse

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"}


class CountingProxy:
    """Passes everything on to `target`; `requests` and `fetched` (bytes of answers' bodies) are by service."""

    def __init__(self, target):
        parsed = urllib.parse.urlparse(target)
        self.host, self.port = parsed.hostname, parsed.port
        self.lock = threading.Lock()
        self.reset()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self):
        with self.lock:
            self.requests, self.fetched, self.calls = collections.Counter(), collections.Counter(), []

    def count(self, service, call, size):
        with self.lock:
            self.requests[service] += 1
            self.fetched[service] += size
            self.calls.append((service, call, size))

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy = None

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        connection = http.client.HTTPConnection(self.proxy.host, self.proxy.port, timeout=300)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP | {"host"}}
        # The signature holds the host that the client spoke to.
        connection.request(self.command, self.path, body, {**headers, "Host": self.headers["Host"]})
        answer = connection.getresponse()
        content = answer.read()
        self.proxy.count(self.service(), self.call(body), len(content))
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        connection.close()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = forward

    def service(self):
        """The service by the scope of the signature: .../us-east-1/s3/aws4_request."""
        found = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", self.headers.get("Authorization", ""))
        return found[1] if found else "unsigned"

    def call(self, body):
        target = self.headers.get("X-Amz-Target", "")
        action = re.search(rb"Action=(\w+)", body)
        return target.split(".")[-1] or (action[1].decode() if action else f"{self.command} {self.headers.get('Range', '')}".strip())

    def log_message(self, *_):
        pass
