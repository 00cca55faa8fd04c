"""Alerts in Slack: what a channel holds, what happens when Slack has a bad day, and that nothing is told twice or lost."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import uuid

import pytest

from conftest import KEY, indexed
from support import records
from support.emulator import Emulator
from support.event_source import EventSource
from support.places import ACCOUNT, REGION, aws_environment, binary
from support.proxy import Proxy, refuse
from support.runtime_api import invoke_once
from support.slack import CHANNEL, HOOK, TOKEN, Answer, Slack, fail, hang, hang_up, say, then, wait
from support.tables import create_told_table

GREEN, RED = "#2eb67d", "#d7263d"
#: What may stand in no log and no dead letter.
SECRETS = [HOOK, HOOK.rpartition("/")[2], TOKEN]


class Notifier:
    """`slack-notifier` with its queue, its table and its secret; messages move when `poll` is called."""

    def __init__(self, cloud, emulator, endpoint: str, slack: Slack, secret: str, settings: dict[str, str] | None = None):
        self.emulator = emulator
        self.sqs, self._secrets = cloud.client("sqs"), cloud.client("secretsmanager")
        self.dead_letters = self.sqs.create_queue(QueueName="driftwire-dead-letters")["QueueUrl"]
        # Longer than any test: what comes back earlier was put off by the function.
        self.queue = self.sqs.create_queue(QueueName="driftwire-slack", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
        self.queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:driftwire-slack"
        self.dynamodb = cloud.client("dynamodb")
        self.table = create_told_table(self.dynamodb)
        self.secret = self._secrets.create_secret(Name="slack", SecretString=secret)["ARN"]
        self.clock = emulator.directory / "slack.clock"
        self.clock.unlink(missing_ok=True)
        self.environment = aws_environment(endpoint) | {
            "DRIFTWIRE_SLACK_SECRET": self.secret,
            "DRIFTWIRE_SLACK_API_URL": slack.api,
            "DRIFTWIRE_TOLD_TABLE": self.table,
            "DRIFTWIRE_SLACK_QUEUE_URL": self.queue,
            "DRIFTWIRE_DEAD_LETTER_QUEUE_URL": self.dead_letters,
            "DRIFTWIRE_CLOCK_FILE": str(self.clock),
            "DRIFTWIRE_LOG": "trace",
            **(settings or {}),
        }
        self.function = self._start(emulator)
        # The emulator's logs outlive a test.
        self._before = len(self.function.log())
        self.source = self._source(emulator)

    def _start(self, emulator):
        return emulator.start("slack-notifier", self.environment)

    def _source(self, emulator) -> EventSource:
        return EventSource(self.sqs, self.queue, self.queue_arn, emulator, "slack-notifier")

    def another(self, emulator) -> EventSource:
        """One more execution on the same queue."""
        self._start(emulator)
        return self._source(emulator)

    def rotate(self, secret: str) -> None:
        self._secrets.put_secret_value(SecretId=self.secret, SecretString=secret)

    def send(self, *bodies: dict | str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=body if isinstance(body, str) else json.dumps(body, ensure_ascii=False))

    def tell(self, *bodies: dict | str):
        """Sends messages, and lets the function work on them once."""
        self.send(*bodies)
        return self.source.poll()

    def poll_until(self, condition, seconds: float = 30.0) -> None:
        """Polls until that is so: messages come back when they may."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"it did not come to pass; the end of the log:\n{self.log()[-3000:]}"
            if self.source.poll() is None:
                time.sleep(0.2)

    def driftwire(self, *arguments: str) -> str:
        """What the command line prints, told by the function's own environment."""
        done = subprocess.run([str(binary("driftwire")), *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout

    def buried(self) -> list[tuple[str, str, str]]:
        """The dead letters: body, reason and function."""
        found = self.sqs.receive_message(QueueUrl=self.dead_letters, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"])
        said = [(letter["Body"], letter["MessageAttributes"]) for letter in found.get("Messages", [])]
        return [(body, told["reason"]["StringValue"], told["function"]["StringValue"]) for body, told in said]

    def log(self) -> str:
        return self.function.log()[self._before :]

    def counted(self, metric: str) -> int:
        lines = [json.loads(line) for line in self.log().splitlines() if '"_aws"' in line]
        return sum(line.get(metric, 0) for line in lines)

    def told(self) -> dict[str, str]:
        """What the table holds: key and state."""
        items = self.dynamodb.scan(TableName=self.table)["Items"]
        return {item["pk"]["S"]: item["state"]["S"] for item in items}


@pytest.fixture
def slack():
    with Slack() as slack:
        yield slack
        assert slack.refused == []


@pytest.fixture
def make(cloud, emulator, proxy, slack):
    """Makes a `slack-notifier` whose every call to AWS goes through `proxy`; its secrets are looked for afterwards."""
    made: list[Notifier] = []

    def deployed(secret: str | None = None, **settings: str) -> Notifier:
        made.append(Notifier(cloud, emulator, proxy.endpoint, slack, slack.webhook if secret is None else secret, settings))
        return made[-1]

    yield deployed
    for one in made:
        written = one.log() + json.dumps(one.buried())
        assert [secret for secret in SECRETS if secret in written] == [], "a secret got out"


@pytest.fixture
def notifier(make) -> Notifier:
    return make()


def alert(**others) -> dict:
    """An alert as `drift-engine` writes it."""
    made = {
        "version": "1",
        "id": str(uuid.uuid4()),
        "kind": "opened",
        "at": "2026-03-14T09:27:10Z",
        "status": "drifted",
        "severity": "critical",
        "during_a_run": False,
        "address": "aws_security_group.web",
        "deposed": None,
        "type": "aws_security_group",
        "id_of_resource": "sg-0123456789abcdef0",
        "state": "s3://states/prod.tfstate",
        "place": {"partition": "aws", "account": ACCOUNT, "region": "eu-west-1"},
        "differences": [difference("description", "web", "web!")],
        "was": [],
        "unreadable": None,
        "causes": [cause("mallory@example.com")],
        "also_seen": [],
        "first_seen": "2026-03-14T09:27:10Z",
        "left_out": {"differences": 0, "was": 0, "causes": 0, "also_seen": 0},
    }
    return made | others


def difference(path: str, recorded, live) -> dict:
    return {"attribute": path, "path": path, "recorded": recorded, "live": live, "sensitive": False}


def cause(name: str, **others) -> dict:
    actor = {"kind": "sso_user", "name": name, "tool": None, "console": True}
    made = {"record": str(uuid.uuid4()), "source": "ec2.amazonaws.com", "name": "ModifySecurityGroupRules", "time": "2026-03-14T09:27:00Z"}
    return made | {"actor": actor, "source_address": "203.0.113.42", "user_agent": records.BROWSER} | others


def notification(message: dict, topic: str = "driftwire") -> dict:
    """SNS's envelope."""
    return {
        "Type": "Notification",
        "MessageId": str(uuid.uuid4()),
        "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:{topic}",
        "Subject": "[CRITICAL] drift",
        "Message": json.dumps(message),
        "Timestamp": "2026-03-14T09:27:11.000Z",
        "MessageAttributes": {"severity": {"Type": "String", "Value": "critical"}},
    }


# What people see


def test_a_drift_is_told_in_slack_with_who_what_and_where_and_closes_green(driftwire, firewall, make, slack, cloud):
    notifier = make()
    sns = cloud.client("sns")
    sns.subscribe(TopicArn=driftwire.environment["DRIFTWIRE_TOPIC_ARN"], Protocol="sqs", Endpoint=notifier.queue_arn)
    indexed(driftwire, firewall.state)
    opened = firewall.open(22, caller=records.somebody("mallory@example.com"))
    driftwire.record(opened)
    driftwire.settle()
    notifier.source.poll()

    [message] = slack.messages
    assert message.color == RED and message.header == f"CRITICAL: drift: {firewall.address}"
    for said in ("mallory@example.com", "SSO user, in the console", "203.0.113.42", f"s3://{driftwire.bucket}/{KEY}", ACCOUNT, "AuthorizeSecurityGroupIngress"):
        assert said in message.text, message.text
    assert '```\n  ingress:\n+   "tcp 22 0.0.0.0/0"\n```' in message.text
    assert message.links == [
        f"https://{REGION}.console.aws.amazon.com/ec2/home?region={REGION}#SecurityGroup:groupId={firewall.group}",
        f"https://{REGION}.console.aws.amazon.com/cloudtrailv2/home?region={REGION}#/events/{opened['eventID']}",
    ]

    driftwire.record(firewall.close(22))
    driftwire.settle()
    notifier.source.poll()
    [_, closed] = slack.messages
    assert closed.color == GREEN and closed.header == f"drift resolved: {firewall.address}"
    assert "What had differed" in closed.text and "0.0.0.0/0" in closed.text
    assert len(closed.text) < len(message.text)


def test_what_a_stranger_calls_himself_is_text_from_the_record_to_the_channel(driftwire, firewall, make, slack, cloud):
    notifier = make()
    cloud.client("sns").subscribe(TopicArn=driftwire.environment["DRIFTWIRE_TOPIC_ARN"], Protocol="sqs", Endpoint=notifier.queue_arn)
    indexed(driftwire, firewall.state)
    forged = "<!channel> <https://evil.example|sign in> `*x*` & ```\u202e\nWho: bob"
    record = firewall.open(22, caller=records.somebody(forged))
    driftwire.record(record | {"userAgent": forged, "sourceIPAddress": forged})
    driftwire.settle()
    notifier.source.poll()
    [message] = slack.messages
    assert "<!channel> <https://evil.example|sign in> ˋ*x*ˋ &" in message.text, "it is shown"
    assert not any(line.startswith("Who: bob") for line in message.text.splitlines())


def test_what_lives_in_github_has_a_link_to_its_page_and_says_that_github_does_not_tell_who(notifier, slack):
    of_github = {"type": "github_repository", "address": "github_repository.shop", "id_of_resource": "shop", "place": None, "causes": []}
    page = "https://github.com/acme/shop?tab=x&y=z"
    astray = "https://github.com/acme|<!channel>"
    batch = notifier.tell(alert(**of_github, url=page), alert(**of_github, url=astray))
    assert batch.failures == []
    linked, plain = sorted(slack.messages, key=lambda message: len(message.links), reverse=True)
    assert linked.links == [page] and plain.links == []
    for message in (linked, plain):
        assert "GitHub does not tell" in message.text and "channel" not in message.text


def test_the_envelope_of_sns_and_raw_delivery_are_the_same(notifier, slack):
    batch = notifier.tell(alert(address="aws_sqs_queue.raw"), notification(alert(address="aws_sqs_queue.wrapped")))
    assert batch.failures == []
    assert sorted(message.header for message in slack.messages) == ["CRITICAL: drift: aws_sqs_queue.raw", "CRITICAL: drift: aws_sqs_queue.wrapped"]
    assert (notifier.counted("sent"), notifier.counted("repeats_dropped")) == (2, 0)


@pytest.mark.parametrize("letter", ["x", "&", "`", '"', "\\", "ü", "🙂", "\u202e", "\n"])
def test_however_large_an_alert_is_slack_takes_it_and_what_is_left_out_is_counted(notifier, slack, letter):
    long = letter * 3_000
    many = [difference(f"{at}{long[:200]}", {"a": long[:500]}, [long[:300], at]) for at in range(40)]
    causes = [cause(long, source=long[:100], source_address=long[:200], user_agent=long[:200]) for _ in range(5)]
    left_out = {"differences": 60, "was": 0, "causes": 9, "also_seen": 4}
    wanted = alert(
        address=f'module.{long}.aws_x.y["{long}"]', state=f"s3://{long}", id_of_resource=long, deposed=long[:50], left_out=left_out,
        differences=many, causes=causes, also_seen=causes, unreadable={"kind": "error", "message": long}, status="unreadable",
        during_a_run=True, first_seen="2026-03-13T09:27:10Z",
    )  # fmt: skip
    notifier.tell(wanted)
    [message] = slack.messages
    shown = message.text.count("\n- ")
    assert 1 <= shown < 40
    assert f"{100 - shown} more are left out" in message.text
    assert "9 more are left out" in message.text


def test_an_alarm_about_driftwire_itself_is_told_once_for_each_change(notifier, slack):
    alarm = {
        "AlarmName": "driftwire-dead-letters",
        "AlarmArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:driftwire-dead-letters",
        "AlarmDescription": "Messages were given up.",
        "NewStateValue": "ALARM",
        "NewStateReason": "Threshold Crossed: 1 datapoint [<!here> 3.0] was greater than the threshold (0.0).",
        "StateChangeTime": "2026-03-14T09:27:10.123+0000",
        "OldStateValue": "OK",
    }
    well = alarm | {"NewStateValue": "OK", "StateChangeTime": "2026-03-14T10:00:00.000+0000"}
    notifier.tell(*(notification(one, "driftwire-alarms") for one in (alarm, alarm, well)))
    assert sorted((message.color, message.header) for message in slack.messages) == [
        (GREEN, "Driftwire itself: driftwire-dead-letters is well again"),
        (RED, "Driftwire itself: driftwire-dead-letters is in alarm"),
    ]
    assert "Messages were given up." in slack.messages[0].text
    assert notifier.counted("repeats_dropped") == 1


def test_what_is_no_alert_is_buried_with_a_reason_and_costs_nobody_else(notifier, slack):
    batch = notifier.tell("{", {"driftwire": "sweep"}, alert(version="2"), alert())
    assert batch.failures == [] and len(slack.messages) == 1
    reasons = sorted(reason for _, reason, function in notifier.buried() if function == "slack-notifier")
    assert len(reasons) == 3
    assert "another version" in reasons[0] and "neither an alert nor a CloudWatch alarm" in reasons[1] and "no JSON" in reasons[2]
    assert notifier.counted("dead_letters") == 3


# Once


def test_a_transition_is_told_once_however_often_it_comes(notifier, slack):
    again = alert()
    notifier.tell(again, notification(again))
    notifier.tell(again)
    assert len(slack.messages) == 1 and len(slack.calls) == 1
    assert notifier.counted("repeats_dropped") == 2
    assert notifier.told() == {f"slack#{again['id']}": "sent"}


def test_what_was_told_is_known_for_a_month_and_holds_no_value(notifier, slack):
    notifier.tell(alert())
    [item] = notifier.dynamodb.scan(TableName=notifier.table)["Items"]
    assert item.keys() == {"pk", "state", "expires"}
    assert 29 * 86_400 < int(item["expires"]["N"]) - time.time() < 31 * 86_400


def test_two_executions_that_are_handed_the_same_alert_send_it_once(notifier, slack, tmp_path):
    other = Emulator(tmp_path / "other")
    try:
        second = notifier.another(other)
        again = alert()
        notifier.send(again, again)
        at_slack, may_answer = threading.Event(), threading.Event()

        def held() -> None:
            at_slack.set()
            may_answer.wait(20)

        slack.next(then(held))
        notifier.source.batch_size = second.batch_size = 1
        first_batch = threading.Thread(target=notifier.source.poll)
        first_batch.start()
        assert at_slack.wait(20), "the first is sending"
        batch = second.poll()
        assert len(batch.failures) == 1, "the other does not send, and does not drop it either: the first may yet fail"
        may_answer.set()
        first_batch.join()
        assert notifier.source.batches[-1].failures == []
    finally:
        other.stop()
    assert len(slack.messages) == 1 and len(slack.calls) == 1


def test_killed_between_sending_and_noting_it_repeats_once_and_then_never(notifier, slack, proxy):
    again = alert()

    def kill(_call, _forward):
        notifier.emulator.kill("slack-notifier")
        raise ConnectionAbortedError

    proxy.on("dynamodb", "PutItem", kill, times=1, where=lambda call: b'"sent"' in call.body)
    batch = notifier.tell(again)
    assert "killed" in batch.error and len(slack.messages) == 1
    assert notifier.told() == {f"slack#{again['id']}": "sending"}
    proxy.be_kind()

    assert len(notifier.tell(again).failures) == 1, "while the claim lasts nobody knows whether it is being sent"
    assert len(slack.messages) == 1
    notifier.clock.write_text("70")
    notifier.tell(again)
    assert len(slack.messages) == 2, "nobody knows whether it was sent: rather twice than never"
    notifier.tell(again)
    assert len(slack.messages) == 2


def test_killed_before_sending_it_is_told_by_whoever_comes_next(notifier, slack):
    again = alert()
    slack.next(Answer(0, silent=True, before=lambda: notifier.emulator.kill("slack-notifier")))
    assert "killed" in notifier.tell(again).error
    assert slack.messages == []
    notifier.clock.write_text("70")
    notifier.tell(again)
    assert len(slack.messages) == 1


def test_that_sending_cannot_be_noted_does_not_send_it_again(notifier, slack, proxy):
    proxy.on("dynamodb", "PutItem", refuse(400, "ValidationException", "not today"), where=lambda call: b'"sent"' in call.body)
    assert notifier.tell(alert()).failures == []
    assert len(slack.messages) == 1
    assert "that is not noted" in notifier.log()


# Slack's bad days


def put_off(proxy: Proxy) -> list[int]:
    """For how many seconds messages were put off."""
    return [json.loads(call.body)["VisibilityTimeout"] for call in proxy.calls if call.is_("sqs", "ChangeMessageVisibility")]


def test_a_short_wait_is_waited_for(notifier, slack, proxy):
    slack.next(wait(1))
    batch = notifier.tell(alert(), alert())
    assert batch.failures == [] and len(slack.messages) == 2 and len(slack.calls) == 3
    assert put_off(proxy) == []


def test_a_long_wait_makes_the_message_come_back_after_it_and_holds_for_all(notifier, slack, proxy):
    slack.next(wait(11))
    batch = notifier.tell(alert(), alert())
    assert len(batch.failures) == 2 and len(slack.calls) == 1, "Slack asked not to be asked"
    assert sorted(put_off(proxy)) == [11, 11]
    assert notifier.told() == {}, "nobody is kept from sending them"
    assert notifier.source.poll() is None
    notifier.poll_until(lambda: len(slack.messages) == 2)
    assert notifier.counted("delivered_again") == 2


def test_the_longest_wait_is_what_a_queue_can_hold(notifier, slack, proxy):
    slack.next(wait(1_000_000))
    assert len(notifier.tell(alert()).failures) == 1
    assert put_off(proxy) == [12 * 3600 - 900]


@pytest.mark.parametrize("bad", [fail(500), fail(503), hang_up], ids=["500", "503", "a closed connection"])
def test_what_passes_by_itself_is_tried_again(notifier, slack, bad):
    slack.next(bad, bad)
    batch = notifier.tell(alert())
    assert batch.failures == [] and len(slack.messages) == 1 and len(slack.calls) == 3


@pytest.mark.parametrize("bad", [fail(500), hang_up], ids=["500", "a closed connection"])
def test_what_does_not_pass_comes_back_later_and_is_not_lost(notifier, slack, proxy, bad):
    slack.always(bad)
    batch = notifier.tell(alert())
    assert len(batch.failures) == 1 and len(slack.calls) == 3 and notifier.buried() == []
    assert put_off(proxy) == [10]
    assert notifier.told() == {}, "nobody is kept from sending it"


def test_what_comes_back_is_told(notifier, slack, proxy):
    slack.next(fail(500), fail(502), fail(503))
    assert len(notifier.tell(alert()).failures) == 1
    notifier.poll_until(lambda: len(slack.messages) == 1)
    assert notifier.counted("delivered_again") == 1


def test_slack_that_cannot_be_reached_costs_nothing_but_time(make, slack, proxy):
    notifier = make(secret="http://127.0.0.1:9" + HOOK)
    assert len(notifier.tell(alert()).failures) == 1
    assert notifier.buried() == [] and "Connection refused" in notifier.log()


def test_the_invocation_is_answered_before_lambda_ends_it(notifier, slack, tmp_path):
    slack.always(hang(15))
    message = {"MessageId": "m-1", "ReceiptHandle": "r", "Body": json.dumps(alert()), "MD5OfBody": ""}
    event = {"Records": [notifier.source.record_of(message), notifier.source.record_of(message | {"MessageId": "m-2"})]}
    answer, seconds = invoke_once("slack-notifier", notifier.environment, event, seconds=8, log=tmp_path / "log")
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}, {"itemIdentifier": "m-2"}]}
    assert seconds < 7


# What cannot succeed


def test_a_webhook_that_is_gone_buries_the_alert_and_a_retry_tells_it(notifier, slack):
    slack.hooks.clear()
    again = notification(alert())
    assert notifier.tell(again).failures == []
    [(body, reason, function)] = notifier.buried()
    assert (json.loads(body), function) == (again, "slack-notifier")
    assert "no_service: the webhook is not known" in reason and "write it into the secret" in reason
    assert notifier.told() == {}, "a retry is no repeat"

    slack.hooks.add(HOOK)
    [listed] = json.loads(notifier.driftwire("dead-letters", "list", "--json"))["dead_letters"]
    assert listed["function"] == "slack-notifier"
    notifier.driftwire("dead-letters", "retry", "--all")
    notifier.source.poll()
    assert len(slack.messages) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (say(400, "invalid_payload"), "invalid_payload: Slack does not take the message"),
        (say(403, "action_prohibited"), "action_prohibited: the workspace does not let this app write there"),
        (say(410, "channel_is_archived"), "channel_is_archived"),
        (say(302, "", Location="/services/elsewhere"), "a redirect, which is not followed"),
        (say(418, f"<html>{HOOK}</html>"), "HTTP 418 without a word that Slack is known to say"),
    ],
)
def test_what_a_webhook_refuses_for_good_is_buried_with_its_word(notifier, slack, answer, said):
    slack.next(answer)
    notifier.tell(alert())
    [(_, reason, _)] = notifier.buried()
    assert said in reason and len(slack.calls) == 1


# A bot


def test_a_bot_writes_to_its_channel(make, slack):
    notifier = make(secret=TOKEN, DRIFTWIRE_SLACK_CHANNEL=CHANNEL)
    notifier.tell(alert())
    assert [message.channel for message in slack.messages] == [CHANNEL]
    assert [(call.path, call.authorization) for call in slack.calls] == [("/api/chat.postMessage", f"Bearer {TOKEN}")]


def test_a_secret_may_name_the_channel_itself(make, slack):
    notifier = make(secret=json.dumps({"bot_token": TOKEN, "channel": CHANNEL}), DRIFTWIRE_SLACK_CHANNEL="C-another")
    notifier.tell(alert())
    assert [message.channel for message in slack.messages] == [CHANNEL]


def test_a_webhook_may_be_written_as_json(make, slack):
    make(secret=json.dumps({"webhook_url": slack.webhook})).tell(alert())
    assert len(slack.messages) == 1


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("channel_not_found", "name the channel by its id"),
        ("not_in_channel", "invite the app to the channel"),
        ("is_archived", "choose another one"),
        ("invalid_auth", "write its bot token into the secret"),
        ("missing_scope", "chat:write"),
        ("new_this_year", "new_this_year"),
    ],
)
def test_what_the_api_refuses_for_good_is_buried_with_what_to_do(make, slack, error, advice):
    notifier = make(secret=TOKEN, DRIFTWIRE_SLACK_CHANNEL=CHANNEL)
    slack.next(say(200, json.dumps({"ok": False, "error": error})))
    assert notifier.tell(alert()).failures == []
    [(_, reason, _)] = notifier.buried()
    assert error in reason and advice in reason and slack.messages == []


@pytest.mark.parametrize("error", ["ratelimited", "internal_error", "service_unavailable"])
def test_what_the_api_refuses_for_now_is_not_buried(make, slack, error, proxy):
    notifier = make(secret=TOKEN, DRIFTWIRE_SLACK_CHANNEL=CHANNEL)
    slack.next(say(200, json.dumps({"ok": False, "error": error})))
    batch = notifier.tell(alert())
    assert len(batch.failures) == 1 and notifier.buried() == []
    assert put_off(proxy) == [30 if error == "ratelimited" else 10]


# The secret


def test_a_webhook_that_was_replaced_needs_no_deployment(notifier, slack, proxy):
    notifier.tell(alert())
    slack.hooks = {"/services/T00000000/B00000001/another"}
    notifier.rotate(slack.url + "/services/T00000000/B00000001/another")
    assert notifier.tell(alert()).failures == []
    assert len(slack.messages) == 2 and notifier.buried() == []
    assert proxy.count("secretsmanager", "GetSecretValue") == 2, "it is kept, and read anew when it is refused"


def test_a_token_that_was_replaced_needs_no_deployment(make, slack):
    notifier = make(secret=TOKEN, DRIFTWIRE_SLACK_CHANNEL=CHANNEL)
    notifier.tell(alert())
    slack.tokens = {"xoxb-2"}
    notifier.rotate("xoxb-2")
    notifier.tell(alert())
    assert len(slack.messages) == 2


def test_a_parameter_of_ssm_does_as_well(make, slack, cloud, proxy):
    cloud.client("ssm").put_parameter(Name="/driftwire/slack", Type="SecureString", Value=slack.webhook)
    notifier = make(secret="unused", DRIFTWIRE_SLACK_SECRET=f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/driftwire/slack")
    notifier.tell(alert())
    assert len(slack.messages) == 1
    assert [json.loads(call.body)["WithDecryption"] for call in proxy.calls if call.is_("ssm", "GetParameter")] == [True]


def test_a_secret_that_cannot_be_read_is_named_with_what_to_allow_and_nothing_is_lost(notifier, slack, proxy):
    proxy.deny("secretsmanager", "GetSecretValue", times=1)
    batch = notifier.tell(alert())
    assert len(batch.failures) == 1 and notifier.buried() == []
    assert f"allow secretsmanager:GetSecretValue on {notifier.secret}" in notifier.log()
    assert put_off(proxy) == [10]
    notifier.tell(alert())
    assert len(slack.messages) == 1, "it is read again once it may be"


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("canary-neither", "it holds neither a webhook's URL"),
        ("http://hooks.slack.com" + HOOK, "does not begin with https://"),
        (TOKEN, "a bot's token needs a channel"),
    ],
)
def test_a_secret_that_cannot_be_used_says_what_to_write_into_it(make, slack, proxy, secret, said):
    notifier = make(secret=secret)
    assert len(notifier.tell(alert()).failures) == 1
    log = notifier.log()
    assert said in log and notifier.secret in log and secret not in log
    assert slack.calls == [] and notifier.buried() == []


def test_a_secret_that_is_not_there_is_named(make, slack):
    arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:nobody-AbCdEf"
    notifier = make(secret="unused", DRIFTWIRE_SLACK_SECRET=arn)
    assert len(notifier.tell(alert()).failures) == 1
    assert f"is {arn} there" in notifier.log()


def test_a_table_that_may_not_be_written_is_named(notifier, slack, proxy):
    proxy.deny("dynamodb", "PutItem")
    notifier.tell(alert())
    [(_, reason, _)] = notifier.buried()
    assert "allow dynamodb:PutItem" in reason and notifier.table in reason
    assert slack.calls == []
