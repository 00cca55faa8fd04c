"""A stream of records against a Driftwire whose every call may fail and whose functions die, and whether it ends right.

What is asserted when the faults have stopped and the queues are empty:

- the open drifts in the ledger are those that `driftwire check` sees, with the same differences;
- every transition in the ledger's history was published, and nothing was published that is not in it;
- none was published twice, but where an attack came between publishing and clearing, which is counted as it happens;
- the dead letters are those messages that are none.
"""

from __future__ import annotations

import json
import math
import random
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator

from support import records, terraform
from support.attacker import KINDS, Attacker
from support.cloud import Cloud
from support.deployment import Deployment
from support.emulator import Emulator
from support.event_source import EventSource
from support.firewall import Firewall, make_firewall
from support.proxy import Proxy
from support.records import Record, envelope, object_event

#: One instance of so many is a security group; the others are queues.
GROUPS_AMONG = 5
#: Messages in one invocation.
BATCHES = (1, 1, 5, 10, 10, 10, 50, 100, 1000)
#: So many records may overtake each other.
OVERTAKEN = 40
#: More than this waiting, and the stream waits too.
CROWDED = 1100
#: Longer than an alert may be owed and than an indexer has a state for itself.
LONG_ENOUGH = 200


@dataclass(frozen=True)
class Size:
    """How hard it blows."""

    faults: int
    records: int
    instances: int
    states: int = 4
    #: How many calls of a thousand fail, until there were `faults`.
    per_thousand: float = 40.0


@dataclass
class Jobs:
    """A queue that Terraform manages."""

    sqs: Any
    url: str
    address: str
    state: terraform.State

    def change(self, chance: random.Random) -> Record:
        delay = str(chance.choice((0, 0, 0, 5, 10)))
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"DelaySeconds": delay})
        request = {"queueUrl": self.url, "attributes": {"DelaySeconds": delay}}
        return records.record("sqs", "SetQueueAttributes", request, None, caller=records.somebody())

    def accept(self) -> None:
        self.state.add("aws_sqs_queue", self.address.partition(".")[2], terraform.queue(self.sqs, self.url))


@dataclass
class Wall:
    """A security group that Terraform manages."""

    firewall: Firewall
    open: bool = False

    @property
    def state(self) -> terraform.State:
        return self.firewall.state

    def change(self, _chance: random.Random) -> Record:
        self.open = not self.open
        return self.firewall.open(22) if self.open else self.firewall.close(22)

    def accept(self) -> None:
        self.firewall.recorded()


@dataclass
class Report:
    """What came of it."""

    seed: str
    attacker: Attacker
    seconds: float
    sent: int = 0
    invocations: int = 0
    open: int = 0
    transitions: int = 0
    #: Transitions that nobody was told of.
    lost: list[str] = field(default_factory=list)
    #: How often a transition was told beyond the first time, and by which fault; without any where there is none to blame.
    repeated: Counter[str] = field(default_factory=Counter)
    #: What must not be.
    wrong: list[str] = field(default_factory=list)

    def table(self) -> str:
        attacker, lost = self.attacker, Counter(self.attacker.touched.get(transition, "none") for transition in self.lost)
        lines = [f"{'fault':<26}{'injected':>9}{'survived':>9}{'lost':>6}{'repeated':>9}"]
        kinds = [*KINDS, *sorted((set(lost) | set(self.repeated)) - set(KINDS))]
        for kind in kinds:
            injected = attacker.injected[kind]
            lines.append(f"{kind:<26}{injected:>9}{max(0, injected - lost[kind]):>9}{lost[kind]:>6}{self.repeated[kind]:>9}")
        total = attacker.injected.total()
        lines.append(f"{'all':<26}{total:>9}{total - len(self.lost):>9}{len(self.lost):>6}{self.repeated.total():>9}")
        lines.append(
            f"{self.sent} messages, {self.invocations} invocations, {self.transitions} transitions, {self.open} drifts open at the end, "
            f"{self.seconds:.0f} s; seed {self.seed}"
        )
        return "\n".join(lines + [f"WRONG: {wrong}" for wrong in self.wrong])


class Storm:
    """One run."""

    def __init__(self, cloud: Cloud, emulators: list[Emulator], seed: str, size: Size, tell: Callable[[str], None] = lambda _: None):
        self.cloud, self.size, self.seed, self._tell = cloud, size, seed, tell
        self._since = time.monotonic()
        self._chance = random.Random(f"{seed}/stream")
        self._proxy = Proxy(cloud.endpoint)
        self.driftwire = Deployment(
            cloud,
            emulators[0],
            endpoint=self._proxy.endpoint,
            settings={"DRIFTWIRE_LOG": "warn"},
            hidden_for=3,
            # A message that a killed function held was received as well: the queue must not give it up before the storm ends.
            received_at_most=1000,
        )
        environment = self.driftwire.environment
        executions = {"event-detector": emulators[0], "state-indexer": emulators[0]}
        executions |= {f"event-detector-{at}": emulator for at, emulator in enumerate(emulators[1:], 2)}
        tables = environment["DRIFTWIRE_INDEX_TABLE"], environment["DRIFTWIRE_LEDGER_TABLE"]
        self._attacker = Attacker(executions, seed, size.per_thousand, size.faults, *tables)
        others = [self.driftwire.another_detector(emulator, f"event-detector-{at}") for at, emulator in enumerate(emulators[1:], 2)]
        self._sources = [self.driftwire.events, *others, self.driftwire.states]
        for source in self._sources:
            # A thousand messages at once, on a machine of two cores.
            source.seconds = 600.0
        self._states = {f"team-{at}/main.tfstate": terraform.State() for at in range(size.states)}
        self._things: list[Jobs | Wall] = []
        self._sent = self._nonsense = 0
        self._moved = 0
        self._stopped = threading.Event()
        self._calm = threading.Event()
        self._busy: set[int] = set()
        self._broken: list[str] = []

    def run(self) -> Report:
        began = time.monotonic()
        self._phase("building")
        self._build()
        with self._working():
            self._phase("indexing")
            self._drain()
            self._phase("blowing")
            self._attacker.begin(self._proxy)
            self._blow()
            self._drain(seconds=30, enough=True)
            self._attacker.end()
            self._phase("calming down")
            self._drain()
            self._phase("reconciling")
            self.driftwire.reconcile()
            self._drain()
            self._phase("sweeping")
            self.driftwire.sweep()
            self._drain()
        self._phase("judging")
        self._attacker.unexcused()
        report = Report(self.seed, self._attacker, time.monotonic() - began, self._sent)
        report.invocations = sum(len(source.batches) for source in self._sources)
        report.wrong += self._broken
        self._judge(report)
        self._proxy.stop()
        return report

    def _phase(self, name: str) -> None:
        if name != "building":
            self._tell(f"{time.monotonic() - self._since:.0f} s, {len(self._proxy.calls)} calls, {self._attacker.injected.total()} faults, {self.driftwire.events.waiting()} messages waiting; {name}")
        self._since = time.monotonic()

    # The world

    def _build(self) -> None:
        sqs, states = self.cloud.client("sqs"), list(self._states.values())
        for at in range(self.size.instances):
            state = states[at % len(states)]
            if at % GROUPS_AMONG == 0:
                self._things.append(Wall(make_firewall(self.cloud, name=f"wall-{at}", state=state)))
                continue
            jobs = Jobs(sqs, sqs.create_queue(QueueName=f"jobs-{at}")["QueueUrl"], f"aws_sqs_queue.jobs-{at}", state)
            jobs.accept()
            self._things.append(jobs)
        for key, state in self._states.items():
            self.driftwire.write_state(key, state.text())

    def _blow(self) -> None:
        """People change things and Terraform is applied, and what tells of it comes late, twice, out of order or not at all."""
        chance, sent, waiting = self._chance, [], []
        applies = {round(self.size.records * part / 12) for part in range(1, 12)}
        schedule = told = time.monotonic()
        for at in range(self.size.records):
            if at in applies:
                self._apply()
            waiting.append(self._message(sent))
            while len(waiting) > OVERTAKEN:
                self._send([waiting.pop(chance.randrange(len(waiting))) for _ in range(10)])
            if at % 50 == 0:
                while self.driftwire.events.waiting() > CROWDED:
                    time.sleep(0.5)
            if time.monotonic() - schedule > 10:
                schedule = time.monotonic()
                self.driftwire.sweep()
                self.driftwire.reconcile()
            if time.monotonic() - told > 30:
                told = time.monotonic()
                self._tell(f"  {at} of {self.size.records} records, {self._attacker.injected.total()} of {self.size.faults} faults")
        self._send(waiting)

    def _message(self, sent: list[str]) -> str:
        chance, roll = self._chance, self._chance.random()
        if roll < 0.02:
            self._nonsense += 1
            return json.dumps({"detail-type": "AWS API Call via CloudTrail", "detail": self._nonsense})
        if roll < 0.15 and sent:
            return chance.choice(sent)
        sent.append(json.dumps(envelope(chance.choice(self._things).change(chance))))
        return sent[-1]

    def _send(self, bodies: list[str]) -> None:
        self._sent += len(bodies)
        self.driftwire.send_events(bodies)

    def _apply(self) -> None:
        """A state accepts what some of its instances are now."""
        key, state = self._chance.choice(list(self._states.items()))
        its = [thing for thing in self._things if thing.state is state]
        for thing in self._chance.sample(its, min(len(its), 8)):
            thing.accept()
        text = state.text()
        etag = self.driftwire.put_state(key, text)
        event = object_event("Object Created", self.driftwire.bucket, key, etag=etag, size=len(text))
        for _ in range(self._chance.choice((0, 1, 1, 2))):
            self.driftwire.send_state_event(event)

    # The functions

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Each function works on its queue, in a thread of its own."""
        self._calm.set()
        threads = [threading.Thread(target=self._work, args=(at, source)) for at, source in enumerate(self._sources)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            self._calm.set()
            for thread in threads:
                thread.join()

    def _work(self, worker: int, source: EventSource) -> None:
        chance = random.Random(f"{self.seed}/{worker}")
        while not self._stopped.is_set():
            self._calm.wait()
            if source is not self.driftwire.states:
                source.batch_size = chance.choice(BATCHES)
            self._busy.add(worker)
            try:
                idle = source.poll() is None
            except Exception as error:  # what ends a worker ends the run, with its reason
                self._broken.append(f"{source.function}: {error!r}")
                return
            finally:
                self._busy.discard(worker)
            if idle:
                time.sleep(0.25)

    def _drain(self, seconds: float = 240.0, *, enough: bool = False) -> None:
        """Until the queues are empty, or for so long nothing more was done; whenever nothing but waiting is left, time passes."""
        deadline, idle_since, fewest = time.monotonic() + seconds, time.monotonic(), math.inf
        while not self._broken:
            waiting = self.driftwire.events.waiting() + self.driftwire.states.waiting()
            if not waiting and not self._busy:
                return
            if waiting < fewest and not enough:
                deadline, fewest = time.monotonic() + seconds, waiting
            if time.monotonic() > deadline:
                if not enough:
                    self._broken.append(f"{waiting} messages were left, and for {seconds:.0f} s no fewer")
                return
            if self._busy:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > 3.0 and not enough:
                self._pass_time()
                idle_since = time.monotonic()
            time.sleep(0.25)

    def _pass_time(self) -> None:
        """While no function is at work, so that none is taken for dead that is only slow."""
        self._calm.clear()
        # One that had just begun shows itself.
        time.sleep(0.2)
        while self._busy:
            time.sleep(0.02)
        self._moved += LONG_ENOUGH
        self.driftwire.move_clock(self._moved)
        self.driftwire.sweep()
        self._calm.set()

    # The end

    def _judge(self, report: Report) -> None:
        seen = self._seen_by_check()
        rows = self._ledger()
        held = {(row["drift"]["instance"]["state"], row["drift"]["instance"]["key"]["address"]): row for row in rows if "open_state" in row}
        report.open = len(held)
        for key in sorted(seen.keys() ^ held.keys()):
            report.wrong.append(f"{key} is {'in the ledger' if key in held else 'seen by check'} alone: {held.get(key, seen.get(key))}")
        for key in sorted(seen.keys() & held.keys()):
            if seen[key] != held[key]["drift"]["differences"]:
                report.wrong.append(f"{key} differs by {seen[key]}, and the ledger says {held[key]['drift']['differences']}")
        report.wrong += [f"still owed: {row['owed_id']}" for row in rows if "owed_id" in row]

        recorded = [transition["id"] for row in rows for transition in row["drift"]["history"]]
        told = Counter(alert.body["id"] for alert in self.driftwire.alerts())
        report.transitions = len(recorded)
        report.lost = [transition for transition in recorded if transition not in told]
        report.wrong += [f"recorded and told to nobody: {transition}" for transition in report.lost]
        report.wrong += [f"told and not recorded: {transition}" for transition in told.keys() - set(recorded)]
        for transition, times in told.items():
            excuses = self._attacker.excused[transition]
            for kind in list(excuses.elements())[: times - 1]:
                report.repeated[kind] += 1
            if times - 1 > excuses.total():
                report.repeated["none"] += times - 1 - excuses.total()
                report.wrong.append(f"told {times} times, {excuses.total()} of them by an attack: {transition}")

        nonsense = set()
        for body, reason in self.driftwire.dig_up():
            if isinstance(json.loads(body).get("detail"), int):
                nonsense.add(body)
            else:
                report.wrong.append(f"buried, as {reason}: {body[:200]}")
        if len(nonsense) != self._nonsense:
            report.wrong.append(f"{self._nonsense} messages are none, and {len(nonsense)} of them were buried")

    def _seen_by_check(self) -> dict[tuple[str, str], Any]:
        states = [argument for key in self._states for argument in ("--state", f"s3://{self.driftwire.bucket}/{key}")]
        checked = json.loads(self.driftwire.driftwire("check", "--json", *states, codes=(0, 2)))
        found = [instance for instance in checked["instances"] if instance["verdict"] != "in_sync"]
        return {(instance["state"], instance["address"]): instance["differences"] for instance in found}

    def _ledger(self) -> list[dict[str, Any]]:
        pages = self.cloud.client("dynamodb").get_paginator("scan").paginate(TableName=self.driftwire.environment["DRIFTWIRE_LEDGER_TABLE"])
        rows = [{name: next(iter(value.values())) for name, value in item.items()} for page in pages for item in page["Items"]]
        return [row | {"drift": json.loads(row["drift"])} for row in rows]
