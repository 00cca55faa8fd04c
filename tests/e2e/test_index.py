"""The index as it is stored: looked up in batches, rebuilt by a command, and never asked for a whole state."""

import json

from conftest import KEY, indexed
from support.firewall import make_firewall
from support.proxy import Answer


def unprocessed(call, _forward):
    """DynamoDB's answer when a table has no capacity left: nothing was looked up, ask for all of it again."""
    body = json.dumps({"Responses": {}, "UnprocessedKeys": json.loads(call.body)["RequestItems"]}).encode()
    return Answer(200, [("Content-Type", "application/x-amz-json-1.0")], body)


def test_keys_that_were_left_unprocessed_are_asked_for_again(watched, firewall, proxy):
    driftwire = watched
    indexed(driftwire, firewall.state)
    proxy.on("dynamodb", "BatchGetItem", unprocessed, times=2)
    driftwire.record(firewall.open(22))
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]
    assert proxy.count("dynamodb", "BatchGetItem") == 3, "twice unprocessed, then looked up"


def test_a_table_that_never_processes_a_key_costs_no_record(watched, firewall, proxy):
    driftwire = watched
    indexed(driftwire, firewall.state)
    proxy.on("dynamodb", "BatchGetItem", unprocessed)
    driftwire.record(firewall.open(22))
    driftwire.events.poll()
    assert len(driftwire.events.batches[-1].failures) == 1, "the record comes back"
    proxy.be_kind()
    driftwire.settle()
    assert [alert.kind for alert in driftwire.alerts()] == ["opened"]


def test_the_index_is_rebuilt_from_the_states_alone(driftwire, firewall, cloud):
    """Whatever was lost or is left over in the table, one command makes it right, and says what it did."""
    indexed(driftwire, firewall.state)
    other = make_firewall(cloud, name="other")
    driftwire.put_state("prod/other.tfstate", other.state.text())
    driftwire.put_state("prod/old.tfstate", '{"version": 3}')
    dynamodb, table = cloud.client("dynamodb"), driftwire.environment["DRIFTWIRE_INDEX_TABLE"]
    for item in dynamodb.scan(TableName=table)["Items"]:
        if item["pk"]["S"].startswith("i#"):
            dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})

    rebuilt = json.loads(driftwire.driftwire("index", "rebuild", "--json", codes=(1,)))
    assert {state["state"].rpartition("/")[2]: state["instances"] for state in rebuilt["states"]} == {
        "network.tfstate": 1,
        "old.tfstate": 0,
        "other.tfstate": 1,
    }
    [failed] = [state["error"] for state in rebuilt["states"] if "error" in state]
    assert "version 3" in failed

    driftwire.record(firewall.open(22), other.open(22))
    driftwire.settle()
    assert sorted(alert.address for alert in driftwire.alerts()) == [other.address, firewall.address]

    cloud.client("s3").delete_object(Bucket=driftwire.bucket, Key=KEY)
    cloud.client("s3").delete_object(Bucket=driftwire.bucket, Key="prod/old.tfstate")
    rebuilt = json.loads(driftwire.driftwire("index", "rebuild", "--json"))
    assert rebuilt["removed"] == [f"s3://{driftwire.bucket}/{key}" for key in (KEY, "prod/old.tfstate")]


def test_the_index_holds_no_value_of_a_state_but_addresses(driftwire, firewall, cloud):
    indexed(driftwire, firewall.state)
    items = repr(cloud.client("dynamodb").scan(TableName=driftwire.environment["DRIFTWIRE_INDEX_TABLE"])["Items"])
    assert firewall.address in items
    for value in (firewall.group, "198.51.100.0/24", "Web servers"):
        assert value not in items, f"the index holds {value}"
