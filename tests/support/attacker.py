"""What can go wrong goes wrong: faults in the calls of Driftwire's functions, at random, and reproducibly so.

Whether something happens to a call, and what, follows from the seed, the call's service and operation, and how many such
calls came before it: nothing else decides. What no seed fixes is how the threads of the functions, of the served AWS and
of the proxy interleave: which of two concurrent calls is the n-th, and how far the others were when a function is killed.
"""

from __future__ import annotations

import json
import random
import threading
import urllib.parse
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Mapping

from .emulator import Emulator, Function
from .proxy import Answer, Call, Deed, Forward, Proxy, cut, drop, hang, hang_up, refuse, throttle

#: Faults of a call, and how often each is chosen among them.
CALLS: dict[str, tuple[Deed, int]] = {
    "throttled": (throttle, 6),
    "error 500": (refuse(500, "InternalFailure", "not now"), 4),
    "unavailable 503": (refuse(503, "ServiceUnavailable", "not now"), 4),
    "connection reset": (hang_up, 4),
    "answer cut short": (cut, 3),
    "done, not acknowledged": (drop, 4),
    "hung": (hang(1.5), 1),
}

#: How many of ten faults are a kill, where there is a point for one.
KILLS_OF_TEN = 5

#: An update of the index makes hundreds of calls: each of them is spared so many times more often, lest none ever ends.
SPARED_WHILE_INDEXING = 20

#: Recording and publishing are few calls among many, and what hurts most: they are hit so many times more often.
KEEN = 4


def _passed_on(_call: Call, forward: Forward) -> Answer:
    return forward()


@dataclass
class Attacker:
    """Chooses for each call of a function whether something happens to it; ends after `faults`."""

    #: Each execution's emulator, by the access key that it signs with.
    emulators: Mapping[str, Emulator]
    seed: str
    #: How many calls of a thousand something happens to.
    per_thousand: float
    faults: int
    index_table: str
    ledger_table: str
    injected: Counter[str] = field(default_factory=Counter)
    #: How often each transition may have been published once more, by the fault that is why.
    excused: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    #: The last fault of a call about each transition.
    touched: dict[str, str] = field(default_factory=dict)
    _seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: What each function published and did not clear yet.
    _uncleared: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def begin(self, proxy: Proxy) -> None:
        proxy.otherwise = self._choose

    def end(self) -> None:
        """Nothing happens to any call from now on; what was published is still followed."""
        self.faults = 0

    def unexcused(self) -> None:
        """Called at the end: what was published, and whose clearing failed until its function gave up, was told again."""
        with self._lock:
            for transitions in self._uncleared.values():
                for transition in transitions:
                    self.excused[transition]["clearing failed"] += 1
                transitions.clear()

    def _choose(self, call: Call) -> Deed | None:
        emulator = self.emulators.get(call.access_key)
        # An emulator that only begins has no functions yet.
        function = emulator and emulator.functions.get("state-indexer" if call.access_key == "state-indexer" else "event-detector")
        if not function:
            return None
        transition = _transition(call, self.ledger_table)
        with self._lock:
            fault = self._fault(call, emulator, function)
            if fault and transition:
                self.touched[transition] = fault[0]
        deed = fault[1] if fault else _passed_on
        if not transition:
            return fault and deed
        return self._followed(transition, call.access_key, fault[0] if fault else None, deed)

    def _fault(self, call: Call, emulator: Emulator, function: Function) -> tuple[str, Deed] | None:
        operation = call.operation if call.service != "s3" else call.method
        nth = self._seen[call.service, operation]
        self._seen[call.service, operation] += 1
        chance = random.Random(f"{self.seed}/{call.service}/{operation}/{nth}")
        point, rate = self._point(call, function), self.per_thousand
        if function.name == "state-indexer":
            rate /= SPARED_WHILE_INDEXING
        elif point in {"killed after recording", "killed after publishing"}:
            rate *= KEEN
        if chance.random() * 1000 >= rate or self.injected.total() >= self.faults:
            return None
        if point and chance.randrange(10) < KILLS_OF_TEN:
            if function.killed:
                return None
            self.injected[point] += 1
            return point, self._killing(call.access_key, emulator, function, point)
        kind = chance.choices(list(CALLS), [weight for _, weight in CALLS.values()])[0]
        self.injected[kind] += 1
        return kind, CALLS[kind][0]

    def _point(self, call: Call, function: Function) -> str | None:
        """At which point of its work a function would be killed, after this call."""
        if function.name == "state-indexer":
            writes = call.operation in {"PutItem", "UpdateItem", "TransactWriteItems"}
            return "killed while indexing" if writes and self.index_table.encode() in call.body else None
        if call.service == "sns":
            return "killed after publishing"
        if call.is_("dynamodb", "PutItem"):
            return "killed after recording"
        return "killed after looking" if call.operation in {"DescribeSecurityGroups", "GetQueueAttributes"} else None

    def _killing(self, execution: str, emulator: Emulator, function: Function, point: str) -> Deed:
        def deed(_call: Call, forward: Forward) -> Answer:
            answer = forward()
            with self._lock:
                # Another call of the same execution may have come first.
                if not function.killed:
                    emulator.kill(function.name)
                    for transition in self._uncleared.pop(execution, set()):
                        self.excused[transition][point] += 1
            return answer

        return deed

    def _followed(self, transition: str, execution: str, fault: str | None, deed: Deed) -> Deed:
        """Keeps count of a publication, or of its clearing."""

        def followed(call: Call, forward: Forward) -> Answer:
            def forwarded() -> Answer:
                if call.service == "sns":
                    with self._lock:
                        self._uncleared[execution].add(transition)
                        if fault in {"answer cut short", "done, not acknowledged"}:
                            self.excused[transition][fault] += 1
                answer = forward()
                if call.is_("dynamodb", "UpdateItem"):
                    with self._lock:
                        self._uncleared[execution].discard(transition)
                return answer

            return deed(call, forwarded)

        return followed


def _transition(call: Call, ledger: str) -> str | None:
    """The transition that a call publishes or clears."""
    if call.service == "sns" and call.operation == "Publish":
        message = urllib.parse.parse_qs(call.body.decode())["Message"][0]
        return json.loads(json.loads(message)["default"])["id"]
    if call.is_("dynamodb", "UpdateItem"):
        update = json.loads(call.body)
        # A claim sets; what clears, removes.
        if update["TableName"] == ledger and update["UpdateExpression"].startswith("REMOVE"):
            return update["ExpressionAttributeValues"][":transition"]["S"]
    return None


#: Every kind of fault, in the order of a report.
KINDS: tuple[str, ...] = (
    *CALLS,
    "killed after looking",
    "killed after recording",
    "killed after publishing",
    "killed while indexing",
)
