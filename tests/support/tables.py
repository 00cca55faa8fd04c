"""The tables, with the key schemas that `drift-aws` documents."""

from __future__ import annotations

from typing import Any

#: Each secondary index of the ledger: name, hash key, range key.
_LEDGER_INDEXES = [
    ("by-account", "open_account", "rank"),
    ("by-severity", "open_severity", "rank"),
    ("by-state", "open_state", "rank"),
    ("owed", "owed_in", "owed_at"),
]


def create_tables(dynamodb: Any, *, index: str, ledger: str) -> None:
    """Creates the index's table and the ledger's."""
    dynamodb.create_table(
        TableName=index,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[_text("pk"), _text("sk")],
        KeySchema=_keys("pk", "sk"),
    )
    names = sorted({"pk", *(name for _, *pair in _LEDGER_INDEXES for name in pair)})
    dynamodb.create_table(
        TableName=ledger,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[_text(name) for name in names],
        KeySchema=_keys("pk"),
        GlobalSecondaryIndexes=[
            {"IndexName": name, "KeySchema": _keys(hashed, ranged), "Projection": {"ProjectionType": "ALL"}}
            for name, hashed, ranged in _LEDGER_INDEXES
        ],
    )
    for table in (index, ledger):
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})


def create_told_table(dynamodb: Any, name: str = "driftwire-told") -> str:
    """Creates the table of what slack-notifier sent; its name."""
    dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[_text("pk")], KeySchema=_keys("pk"))
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
    return name


def _text(name: str) -> dict[str, str]:
    return {"AttributeName": name, "AttributeType": "S"}


def _keys(hashed: str, ranged: str | None = None) -> list[dict[str, str]]:
    keys = [{"AttributeName": hashed, "KeyType": "HASH"}]
    return keys + ([{"AttributeName": ranged, "KeyType": "RANGE"}] if ranged else [])
