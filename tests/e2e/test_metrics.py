"""What the functions count and log: the names that the documentation lists, and a record's id all the way."""

import json
import re

from conftest import KEY, indexed
from support import terraform
from support.places import WORKSPACE
from support.proxy import refuse


def documented() -> dict[str, tuple[str, str]]:
    """Each metric of docs/metrics.md: its unit, and the functions that write it."""
    page = (WORKSPACE / "docs" / "metrics.md").read_text().partition("## Log lines")[0]
    return {name: (unit, functions) for name, unit, functions in re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|", page, re.MULTILINE)}


class Written:
    """What the functions of a deployment write from now on: the emulator's logs outlive it."""

    def __init__(self, driftwire):
        self._functions = driftwire.emulator.functions.values()
        self._before = {function.name: len(function.log()) for function in self._functions}

    def lines(self) -> list[dict]:
        """Log lines and metrics alike."""
        written = [line for function in self._functions for line in function.log()[self._before[function.name] :].splitlines()]
        return [json.loads(line) for line in written if line.startswith("{")]

    def values(self, metric: str) -> list:
        return [line[metric] for line in self.lines() if "_aws" in line and metric in line]


def test_every_metric_that_is_written_is_documented(watched, firewall, proxy):
    driftwire = watched
    written = Written(driftwire)
    indexed(driftwire, firewall.state)
    proxy.on("sns", "Publish", refuse(403, "AuthorizationError", "not today"))
    driftwire.record(firewall.open(22))
    driftwire.send_events(["{"])
    driftwire.put_state("prod/other.tfstate", firewall.state.text())
    driftwire.send_state_event({"driftwire": "reconcile"})
    # While an alert is owed its drift is looked at again and again: the queues are never empty.
    driftwire.run_until("the other state to be indexed", lambda: len(written.values("states_indexed")) == 2)
    driftwire.send_events(['{"driftwire": "sweep"}'])
    driftwire.run_until("the sweep", lambda: written.values("owed_alerts"))

    known, seen = documented(), set()
    for line in written.lines():
        for metric in [metric for directive in line.get("_aws", {}).get("CloudWatchMetrics", []) for metric in directive["Metrics"]]:
            unit, functions = known[metric["Name"]]
            assert metric["Unit"] == unit and f"`{line['Function']}`" in functions, metric
            assert metric["Name"] in line, "a metric is declared and has no value"
            seen.add(metric["Name"])
    expected = {"judged", "malformed", "dead_letters", "owed_alerts", "owed_oldest_seconds", "states_behind", "states_indexed", "index_lag_seconds"}
    assert expected <= seen
    assert written.values("owed_alerts") == [1]


def test_an_indexed_state_says_which_version_and_how_late(driftwire, firewall):
    written = Written(driftwire)
    etag = driftwire.write_state(KEY, firewall.state.text())
    driftwire.settle()
    [line] = [line for line in written.lines() if line.get("message") == "indexed"]
    assert line["state"] == f"s3://{driftwire.bucket}/{KEY}"
    assert (line["etag_seen"], line["etag_indexed"]) == (etag.strip('"'), etag)
    assert 0 <= line["lag_seconds"] < 60
    assert written.values("index_lag_seconds") == [[line["lag_seconds"]]]


def test_a_record_is_followed_by_its_id_through_what_was_left_for_later(driftwire, firewall):
    indexed(driftwire, firewall.state)
    written = Written(driftwire)
    record = firewall.open(22)
    driftwire.record(record)
    driftwire.settle()
    said = [line["message"] for line in written.lines() if line.get("record") == record["eventID"]]
    assert said == ["a record", "work that was left for later"], "the record, and the second look a little later"


def test_a_deferred_judgement_names_the_records_that_led_to_it(driftwire, firewall):
    indexed(driftwire, firewall.state)
    driftwire.lock_state(KEY, terraform.lock(f"{driftwire.bucket}/{KEY}", "runner@ci"))
    written = Written(driftwire)
    opened = [firewall.open(22), firewall.open(23)]
    driftwire.record(*opened)
    driftwire.run_until("the judgement to be put off", lambda: written.values("deferred"))
    driftwire.run_until("it to be put off again", lambda: [line for line in written.lines() if line.get("why") == "deferred"])
    driftwire.unlock_state(KEY)
    driftwire.settle()
    deferred = [line for line in written.lines() if line.get("why") == "deferred"]
    assert {line["record"] for line in deferred} == {record["eventID"] for record in opened}
    assert all(line["message"] == "work that was left for later" for line in deferred)
