"""What was asked, for tests and benchmarks to read. No secret is in it: a credential is named by its kind and number."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Entry:
    at: float
    method: str
    #: As it came, with the query.
    path: str
    #: REST: the path as the API's description writes it. GraphQL: the operation's name, or its first field.
    operation: str
    status: int
    #: Of the hour: 1 or 0 for REST, the query's points for GraphQL.
    cost: int
    resource: str
    #: Whether it asked only for what has changed.
    conditional: bool
    credential: str
    #: How long answering took, with the latency that was planned.
    seconds: float
    #: The misbehaviours that befell it.
    faults: list[str]


class Log:
    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)

    def clear(self) -> None:
        self._entries.clear()

    def entries(self) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self._entries]

    def counters(self) -> dict[str, Any]:
        entries = self._entries
        return {
            "requests": len(entries),
            "status": dict(Counter(str(entry.status) for entry in entries)),
            "operations": dict(Counter(f"{entry.method} {entry.operation}" for entry in entries)),
            "cost": dict(sum((Counter({entry.resource: entry.cost}) for entry in entries), Counter())),
            "conditional": sum(entry.conditional for entry in entries),
            "faults": dict(Counter(fault for entry in entries for fault in entry.faults)),
        }
