"""What the functions gave up: people see why, and can have it worked on once more."""

import json

from conftest import indexed
from support.proxy import refuse


def listed(driftwire) -> list[dict]:
    return json.loads(driftwire.driftwire("dead-letters", "list", "--json"))["dead_letters"]


def test_a_malformed_message_is_listed_with_its_reason_and_comes_back_buried(driftwire):
    driftwire.send_events(["{"])
    driftwire.settle()
    [letter] = listed(driftwire)
    assert (letter["function"], letter["body"], letter["redriven"]) == ("event-detector", "{", False)
    assert "reading a record" in letter["reason"]
    assert listed(driftwire) == [letter | {"received": letter["received"] + 1}], "listing leaves it where it is"
    assert letter["reason"] in driftwire.driftwire("dead-letters", "list")

    retried = json.loads(driftwire.driftwire("dead-letters", "retry", letter["id"], "--json"))
    assert retried == {"retried": [{"id": letter["id"], "function": "event-detector"}], "failed": [], "not_found": [], "more": False}
    assert listed(driftwire) == []
    driftwire.settle()
    [again] = listed(driftwire)
    assert (again["body"], again["reason"]) == (letter["body"], letter["reason"])
    assert again["id"] != letter["id"]


def test_a_record_that_was_denied_is_told_once_the_cause_is_gone(watched, firewall, proxy):
    driftwire = watched
    indexed(driftwire, firewall.state)
    proxy.deny("dynamodb", "BatchGetItem")
    record = firewall.open(22)
    driftwire.record(record)
    driftwire.settle()
    [letter] = listed(driftwire)
    assert letter["record"] == record["eventID"]
    assert "dynamodb:BatchGetItem" in letter["reason"], "it says what to allow"
    assert driftwire.alerts() == []

    proxy.be_kind()
    driftwire.driftwire("dead-letters", "retry", "--all")
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]
    assert listed(driftwire) == []


def test_what_redrive_moved_says_so_and_goes_back_to_its_function(watched, firewall, proxy):
    driftwire = watched
    indexed(driftwire, firewall.state)
    proxy.on("dynamodb", "BatchGetItem", refuse(500, "InternalServerError", "not today"))
    driftwire.record(firewall.open(22))
    driftwire.settle()
    [letter] = listed(driftwire)
    assert (letter["redriven"], letter["reason"], letter["function"]) == (True, None, "event-detector")
    assert letter["received"] >= 5
    assert "moved by redrive after" in driftwire.driftwire("dead-letters", "list")

    proxy.be_kind()
    driftwire.driftwire("dead-letters", "retry", letter["id"])
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]


def test_a_letter_without_a_word_belongs_to_where_its_body_does(driftwire, cloud):
    cloud.client("sqs").send_message(QueueUrl=driftwire.dead_letters_url, MessageBody='{"driftwire": "reconcile"}')
    [letter] = listed(driftwire)
    assert (letter["redriven"], letter["function"]) == (True, "state-indexer")
    driftwire.driftwire("dead-letters", "retry", letter["id"])
    assert (driftwire.states.waiting(), driftwire.events.waiting()) == (1, 0)


def test_more_letters_than_one_answer_holds_are_listed_and_only_those_asked_for_go_back(driftwire):
    driftwire.send_events(f"nonsense {at}" for at in range(25))
    driftwire.settle()
    letters = listed(driftwire)
    assert sorted(letter["body"] for letter in letters) == sorted(f"nonsense {at}" for at in range(25))

    asked = [letter["id"] for letter in letters[:2]]
    told = json.loads(driftwire.driftwire("dead-letters", "retry", *asked, "no-such-id", "--json", codes=(1,)))
    assert {sent["id"] for sent in told["retried"]} == set(asked)
    assert told["not_found"] == ["no-such-id"]
    assert {letter["id"] for letter in listed(driftwire)} == {letter["id"] for letter in letters[2:]}


def test_a_letter_that_was_sent_and_not_deleted_is_handled_twice_and_told_once(watched, firewall, proxy):
    driftwire = watched
    indexed(driftwire, firewall.state)
    proxy.deny("dynamodb", "BatchGetItem", times=1)
    driftwire.record(firewall.open(22))
    driftwire.settle()
    proxy.deny("sqs", "DeleteMessage")
    told = json.loads(driftwire.driftwire("dead-letters", "retry", "--all", "--json", codes=(1,)))
    assert "sqs:DeleteMessage" in told["failed"][0]["why"]
    proxy.be_kind()
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]

    driftwire.driftwire("dead-letters", "retry", "--all")
    driftwire.settle()
    assert driftwire.alerts() == [] and listed(driftwire) == []
