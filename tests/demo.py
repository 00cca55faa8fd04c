"""The main job, shown on real protocols: `make demo`.

Serves an AWS on loopback, deploys Driftwire there as Lambda would run it, and lets people and Terraform change things.
What is printed is what came over the wire: the ledger, and what an e-mail subscriber was sent.
"""

from __future__ import annotations

import re
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from support import records, terraform
from support.cloud import Cloud
from support.deployment import Deployment, Message
from support.emulator import Emulator
from support.event_source import EventSource
from support.firewall import make_firewall
from support.places import ACCOUNT, REGION
from support.processes import running, stop_all
from support.slack import Slack
from support.tables import create_told_table

KEY = "prod/shop.tfstate"
COLOURED = sys.stdout.isatty()
STARTED = time.monotonic()


def painted(code: str, text: str) -> str:
    return f"\033[{code}m{text}\033[0m" if COLOURED else text


def scene(number: int, title: str) -> None:
    print(f"\n{painted('1;36', f'{number}. {title}')}")


def said(text: str) -> None:
    print(textwrap.fill(text, 110, initial_indent="   ", subsequent_indent="   "))


def shown(text: str, mark: str = "|") -> None:
    for line in text.rstrip().splitlines():
        print(f"   {painted('2', mark)} {line}".rstrip())


def mail(message: Message) -> None:
    print(f"\n   {painted('33', 'e-mail to platform@acme.example')}")
    shown(f"Subject: {message.subject}\n\n{message.text}")


def posted(slack: Slack, notifier: EventSource, address: str, number: int) -> None:
    """Lets slack-notifier tell until the channel holds so many messages, and shows the newest about that address."""
    while notifier.poll() is not None:
        pass
    if len(slack.messages) != number or slack.refused:
        fail(f"{len(slack.messages)} messages are in Slack, and not {number}; refused: {slack.refused}")
    message = next(message for message in reversed(slack.messages) if address in message.header)
    links = re.compile(r"<[^|>]*\|([^>]*)>")
    print(f"\n   {painted('35', '#drift in Slack, with a bar of ' + message.color)}")
    shown("\n".join([message.header, "", *(links.sub(r"[\1]", text) for text in message.texts)]))


def slack_notifier(cloud: Cloud, emulator: Emulator, driftwire: Deployment, slack: Slack) -> EventSource:
    """Subscribes a queue to the topic, and starts `slack-notifier` on it with a webhook from a secret."""
    sqs, sns = cloud.client("sqs"), cloud.client("sns")
    url, arn = sqs.create_queue(QueueName="driftwire-slack")["QueueUrl"], f"arn:aws:sqs:{REGION}:{ACCOUNT}:driftwire-slack"
    sns.subscribe(TopicArn=driftwire.environment["DRIFTWIRE_TOPIC_ARN"], Protocol="sqs", Endpoint=arn)
    table = create_told_table(cloud.client("dynamodb"))
    secret = cloud.client("secretsmanager").create_secret(Name="driftwire/slack", SecretString=slack.webhook)["ARN"]
    own = {"DRIFTWIRE_SLACK_SECRET": secret, "DRIFTWIRE_TOLD_TABLE": table, "DRIFTWIRE_SLACK_QUEUE_URL": url}
    emulator.start("slack-notifier", driftwire.environment | own)
    return EventSource(sqs, url, arn, emulator, "slack-notifier")


def fail(why: str) -> None:
    raise SystemExit(f"the demo did not go as it should: {why}")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="driftwire-demo-") as folder, Slack() as slack:
        play(Path(folder), slack)
    stop_all()
    if running():
        fail(f"processes are left: {running()}")
    print(f"\n{painted('32', f'That was it, in {time.monotonic() - STARTED:.0f} s.')} Nothing is left running.")


def play(folder: Path, slack: Slack) -> None:
    print(painted("1", "Driftwire: a change outside of Terraform becomes a drift, an alert, and silence again"))
    print("   starting an AWS on loopback, and Lambda's Runtime API ...", flush=True)
    cloud = Cloud(folder / "aws")
    emulator = Emulator(folder / "lambda")
    driftwire = Deployment(cloud, emulator, settings={"DRIFTWIRE_LOG": "info"})
    notifier = slack_notifier(cloud, emulator, driftwire, slack)
    s3 = cloud.client("s3")

    scene(1, "Terraform has applied a security group and a versioned bucket")
    firewall = make_firewall(cloud)
    s3.create_bucket(Bucket="acme-invoices")
    s3.put_bucket_versioning(Bucket="acme-invoices", VersioningConfiguration={"Status": "Enabled"})
    firewall.state.add("aws_s3_bucket_versioning", "invoices", terraform.bucket_versioning(s3, "acme-invoices"))
    driftwire.write_state(KEY, firewall.state.text())
    driftwire.settle()
    said(f"The state was written to s3://{driftwire.bucket}/{KEY}; S3 told state-indexer, which indexed it.")
    shown(driftwire.driftwire("drift", "list"))

    scene(2, "Somebody works in the console")
    mallory = records.somebody("mallory@example.com")
    opened = firewall.open(22, caller=mallory)
    s3.put_bucket_versioning(Bucket="acme-invoices", VersioningConfiguration={"Status": "Suspended"})
    suspended = records.versioning_put("acme-invoices", "Suspended", caller=mallory)
    said("Port 22 is opened to the world, and the bucket's versioning is suspended. CloudTrail's two records reach event-detector through SQS.")
    began = time.monotonic()
    driftwire.record(opened, suspended)
    driftwire.run_until("both alerts", lambda: driftwire.peek_alerts() == 2)
    said(f"Told after {time.monotonic() - began:.1f} s. This is the ledger (driftwire drift list):")
    shown(driftwire.driftwire("drift", "list"))
    said("And one of the two in full (driftwire drift show):")
    shown(driftwire.driftwire("drift", "show", firewall.address))
    alerts = driftwire.alerts()
    for alert in sorted(alerts, key=lambda alert: alert.address != firewall.address):
        mail(alert)
    posted(slack, notifier, firewall.address, 2)
    driftwire.settle()
    if {alert.address for alert in alerts} != {firewall.address, "aws_s3_bucket_versioning.invoices"} or driftwire.alerts():
        fail("not exactly two drifts were told")

    scene(3, "Meanwhile, Terraform opens a port itself")
    driftwire.lock_state(KEY, terraform.lock(f"{driftwire.bucket}/{KEY}", "runner@ci"))
    closed = firewall.close(22, caller=mallory)
    driftwire.record(firewall.open(8443, caller=records.terraform()))
    driftwire.run_until("the change to be put off", lambda: driftwire.events.batches and driftwire.events.waiting())
    said("The state is locked and the user agent says Terraform: the judgement is put off, not believed.")
    driftwire.write_state(KEY, firewall.recorded())
    driftwire.unlock_state(KEY)
    driftwire.record(closed)
    driftwire.settle()
    told = driftwire.alerts()
    said("The apply has written its state and let go of the lock. Nobody was told about port 8443.")
    if [(alert.kind, alert.address) for alert in told] != [("resolved", firewall.address)]:
        fail(f"expected the repair alone, and got {[alert.subject for alert in told]}")
    said("Port 22 had been closed by then, and that was told, once:")
    mail(told[0])
    posted(slack, notifier, firewall.address, 3)

    scene(4, "The bucket's versioning is turned on again")
    s3.put_bucket_versioning(Bucket="acme-invoices", VersioningConfiguration={"Status": "Enabled"})
    driftwire.record(records.versioning_put("acme-invoices", "Enabled", caller=mallory))
    driftwire.settle()
    [repaired] = driftwire.alerts()
    shown(f"Subject: {repaired.subject}")
    said("The finding closed itself, and the subscriber heard it once. The ledger, closed findings included:")
    shown(driftwire.driftwire("drift", "list", "--closed"))
    if repaired.kind != "resolved" or driftwire.drifts():
        fail("the findings did not close")


if __name__ == "__main__":
    try:
        main()
    finally:
        stop_all()
