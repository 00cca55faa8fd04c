"""A served Slack: it takes what Slack would take, refuses what Slack would refuse, and has bad days when told to.

    with Slack() as slack:
        slack.next(wait(1), fail(500), hang_up)
        ...
        assert [message.header for message in slack.messages] == [...]

What it checks of Block Kit is Slack's reference (https://docs.slack.dev/reference/block-kit/blocks), more strictly: a key that is not
known is refused, and so is markup that is none of Driftwire's own.
"""

from __future__ import annotations

import html
import http.server
import json
import re
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Callable

#: The webhook and the token that it knows until it is told otherwise.
HOOK = "/services/T00000000/B00000000/canaryWebhookPath77b1"
TOKEN = "xoxb-1234-canary-token-0f3a"
CHANNEL = "C0123456789"

_CONSOLE = r"[a-z0-9.-]*console\.(?:aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)"
_LINK = re.compile(rf"<(https://(?:{_CONSOLE}|github\.com)/[^\s<>|]*)\|([A-Za-z ]+)>")
_ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")
#: Unseen, or turning the direction of what follows.
_HARMFUL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


@dataclass(frozen=True)
class Message:
    """A message as a channel holds it."""

    payload: dict[str, Any]
    #: None where a webhook says which.
    channel: str | None

    @property
    def color(self) -> str:
        return self.payload["attachments"][0]["color"]

    @property
    def header(self) -> str:
        return self.payload["blocks"][0]["text"]["text"]

    @property
    def texts(self) -> list[str]:
        """What people read below the header, markup included."""
        return [text["text"] for block in self.payload["attachments"][0]["blocks"] for text in _texts_of(block)]

    @property
    def text(self) -> str:
        """The same with Slack's escapes undone."""
        return html.unescape("\n".join(self.texts))

    @property
    def links(self) -> list[str]:
        return [html.unescape(url) for text in self.texts for url, _ in _LINK.findall(text)]


@dataclass
class Answer:
    """What is answered instead of what would be."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    #: Hangs up without a word instead.
    silent: bool = False
    #: Done before anything is answered.
    before: Callable[[], object] = lambda: None
    #: Whether the message is posted all the same.
    posts: bool = False


def wait(seconds: int) -> Answer:
    """Too many messages."""
    return Answer(429, '{"ok":false,"error":"ratelimited"}', {"Retry-After": str(seconds)})


def fail(status: int) -> Answer:
    """A server's error."""
    return Answer(status, "rollup_error")


def say(status: int, body: str, **headers: str) -> Answer:
    return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def hang(seconds: float) -> Answer:
    """Says nothing for a while, and then hangs up."""
    return Answer(0, silent=True, before=lambda: time.sleep(seconds))


def then(act: Callable[[], object]) -> Answer:
    """Posts the message, and does something before it says so."""
    return Answer(200, "ok", before=act, posts=True)


hang_up = Answer(0, silent=True)


@dataclass(frozen=True)
class Call:
    """A request as it came in."""

    path: str
    authorization: str | None
    body: bytes


class Slack:
    """Slack's webhooks and `chat.postMessage`, on a free port of loopback."""

    def __init__(self) -> None:
        self.hooks, self.tokens, self.channels = {HOOK}, {TOKEN}, {CHANNEL}
        #: What was posted, and what was asked for in all.
        self.messages: list[Message] = []
        self.calls: list[Call] = []
        #: What was refused because Slack would not take it.
        self.refused: list[str] = []
        self._answers: deque[Answer] = deque()
        self._always: Answer | None = None
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"slack": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, name="slack", daemon=True).start()

    def __enter__(self) -> Slack:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def webhook(self) -> str:
        return self.url + HOOK

    @property
    def api(self) -> str:
        return self.url + "/api"

    def next(self, *answers: Answer) -> None:
        """Answers the next calls like that, one each."""
        with self._lock:
            self._answers.extend(answers)

    def always(self, answer: Answer | None) -> None:
        """Answers every call like that from now on, or as Slack does again."""
        with self._lock:
            self._always = answer

    def _answer(self, call: Call) -> Answer:
        with self._lock:
            self.calls.append(call)
            told = self._answers.popleft() if self._answers else self._always
        if told and not told.posts:
            return told
        answer = self._webhook(call) if call.path.startswith("/services/") else self._post_message(call)
        return told if told and answer.status == 200 else answer

    def _webhook(self, call: Call) -> Answer:
        if call.path not in self.hooks:
            return say(404, "no_service")
        error = self._take(call.body, None)
        return say(400, error) if error else say(200, "ok")

    def _post_message(self, call: Call) -> Answer:
        if call.path != "/api/chat.postMessage":
            return say(404, "<html>not found</html>")
        scheme, _, token = (call.authorization or "").partition(" ")
        if scheme != "Bearer" or token not in self.tokens:
            return say(200, '{"ok":false,"error":"invalid_auth"}')
        channel = json.loads(call.body).get("channel")
        if channel not in self.channels:
            return say(200, '{"ok":false,"error":"channel_not_found"}')
        error = self._take(call.body, channel)
        return say(200, json.dumps({"ok": False, "error": error} if error else {"ok": True, "channel": channel, "ts": "1.1"}))

    def _take(self, body: bytes, channel: str | None) -> str | None:
        payload = json.loads(body)
        try:
            check(payload)
        except Refused as refused:
            self.refused.append(str(refused))
            return "invalid_blocks"
        with self._lock:
            self.messages.append(Message(payload, channel))
        return None


class Refused(Exception):
    """Slack would not take it, or should not be given it."""


def check(payload: dict[str, Any]) -> None:
    """Raises `Refused` where a message is not what Slack takes, or holds markup that is not Driftwire's."""
    _keys(payload, {"text", "blocks", "attachments"}, {"channel", "unfurl_links", "unfurl_media"})
    _length(payload["text"], 40_000)
    _markup(payload["text"])
    _blocks(payload["blocks"])
    _limit(payload["attachments"], 20)
    for attachment in payload["attachments"]:
        _keys(attachment, {"color", "blocks"})
        if not re.fullmatch("#[0-9a-f]{6}", attachment["color"]):
            raise Refused(f"no colour: {attachment['color']}")
        _blocks(attachment["blocks"])
    blocks = [*payload["blocks"], *(block for attachment in payload["attachments"] for block in attachment["blocks"])]
    _limit(blocks, 50)
    # Not documented, and observed: more text than this in all is refused as `msg_blocks_too_long`.
    if (total := sum(len(text["text"]) for block in blocks for text in _texts_of(block))) > 9_500:
        raise Refused(f"{total} characters in all")
    if (size := len(json.dumps(payload, ensure_ascii=False))) > 16_000:
        raise Refused(f"{size} characters of JSON")


def _texts_of(block: dict[str, Any]) -> list[dict[str, Any]]:
    return [*([block["text"]] if "text" in block else []), *block.get("fields", []), *block.get("elements", [])]


def _blocks(blocks: list[dict[str, Any]]) -> None:
    _limit(blocks, 50)
    for block in blocks:
        match block.get("type"):
            case "header":
                _keys(block, {"type", "text"})
                _text(block["text"], 150, "plain_text")
            case "section" if "fields" in block:
                _keys(block, {"type", "fields"})
                _limit(block["fields"], 10)
                for text in block["fields"]:
                    _text(text, 2_000, "mrkdwn")
            case "section":
                _keys(block, {"type", "text"})
                _text(block["text"], 3_000, "mrkdwn")
            case "context":
                _keys(block, {"type", "elements"})
                _limit(block["elements"], 10)
                for text in block["elements"]:
                    _text(text, 3_000, "mrkdwn")
            case other:
                raise Refused(f"a block of type {other}")


def _text(text: dict[str, Any], most: int, kind: str) -> None:
    if text.get("type") != kind:
        raise Refused(f"a text of type {text.get('type')}, not {kind}")
    _length(text.get("text"), most)
    if kind == "plain_text":
        _keys(text, {"type", "text"}, {"emoji"})
        if re.search("[<>&\n]", text["text"]) or _HARMFUL.search(text["text"]):
            raise Refused(f"a header that is not plain: {text['text']!r}")
    else:
        _keys(text, {"type", "text"}, {"verbatim"})
        if text.get("verbatim") is not True:
            raise Refused("Slack would look for links and mentions in it")
        _markup(text["text"])


def _markup(text: str) -> None:
    rest = _LINK.sub("", text)
    if any(len(html.unescape(url)) > 3_000 for url, _ in _LINK.findall(text)):
        raise Refused("a URL that is too long")
    if "<" in rest or ">" in rest or _ENTITY.search(rest) or _HARMFUL.search(text):
        raise Refused(f"markup, or an escape, of somebody else's: {text!r}")
    if text.count("```") not in (0, 2) or text.replace("```", "").count("`") % 2:
        raise Refused(f"code that does not end where it should: {text!r}")


def _length(text: Any, most: int) -> None:
    if not isinstance(text, str) or not 1 <= len(text) <= most:
        raise Refused(f"a text of {len(text) if isinstance(text, str) else text} characters, {most} at most")


def _limit(items: Any, most: int) -> None:
    if not isinstance(items, list) or not 1 <= len(items) <= most:
        raise Refused(f"{len(items) if isinstance(items, list) else items} of {most}")


def _keys(thing: dict[str, Any], needed: set[str], possible: set[str] = frozenset()) -> None:
    if not needed <= thing.keys() <= needed | possible:
        raise Refused(f"the keys {sorted(thing)}")


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    slack: Slack

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Type", "").split(";")[0] != "application/json":
            return self._send(Answer(400, "invalid_payload"))
        self._send(self.slack._answer(Call(self.path, self.headers.get("Authorization"), body)))

    def _send(self, answer: Answer) -> None:
        answer.before()
        if answer.silent:
            self.close_connection = True
            return
        content = answer.body.encode()
        try:
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()
        except ConnectionError:
            # Nobody is there any more to be answered.
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass
