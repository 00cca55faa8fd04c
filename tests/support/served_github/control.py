"""How tests reach into the server's process: what they would do with the world in their own, step by step.

Only what has no leading underscore can be reached.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

#: Requests to the server about itself begin with this.
PREFIX = "/_served/"
_ROOTS = ("world", "plan", "limits", "clock", "log")


class Control:
    def __init__(self, service: Any):
        self._roots = {name: getattr(service, name) for name in _ROOTS}
        #: What was answered that JSON cannot hold: the caller names it by its place here.
        self._kept: list[Any] = []

    def do(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Takes one step (`get`, `call` or `set`) from a root or from something kept; answers with the value, or with where it is kept."""
        at = wanted["from"]
        found = self._kept[at] if isinstance(at, int) else self._roots[at]
        if "call" in wanted:
            arguments, named = wanted["call"]
            return self._told(found(*arguments, **named))
        name = wanted["get"] if "get" in wanted else wanted["set"][0]
        if name.startswith("_") or not hasattr(found, name):
            raise AttributeError(f"{type(found).__name__} has no {name} that can be reached")
        if "get" in wanted:
            return self._told(getattr(found, name))
        setattr(found, name, wanted["set"][1])
        return {"value": None}

    def _told(self, found: Any) -> dict[str, Any]:
        try:
            return {"value": json.loads(json.dumps(found))}
        except TypeError:
            self._kept.append(found)
            return {"kept": len(self._kept) - 1}


class Remote:
    """Something in the server's process. Its attributes are read, set and called as if it were here:

        served.world.repository("shop").visibility = "public"

    What JSON can hold comes as a copy: to change a list or a dict, set it anew.
    """

    def __init__(self, endpoint: str, at: str | int):
        object.__setattr__(self, "_endpoint", endpoint)
        object.__setattr__(self, "_from", at)

    def __getattr__(self, name: str) -> Any:
        return self._do(get=name)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._do(call=(arguments, named))

    def __setattr__(self, name: str, value: Any) -> None:
        self._do(set=(name, value))

    def _do(self, **step: Any) -> Any:
        answer = send(self._endpoint, "do", {"from": self._from, **step})
        return Remote(self._endpoint, answer["kept"]) if "kept" in answer else answer["value"]


def send(endpoint: str, what: str, body: Any = None) -> Any:
    content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(endpoint + PREFIX + what, content)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read())
    except urllib.error.HTTPError as error:
        raise RuntimeError(error.read().decode()) from None
