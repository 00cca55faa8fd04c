"""`github-scanner` on a schedule: what is changed by hand in GitHub is told once, whatever happens in the middle of a scan."""

from __future__ import annotations

import http.client
import json
import urllib.parse

import pytest

from support.deployment import Deployment, Message
from support.event_source import EventSource
from support.github_states import address, text
from support.github_states.acme import Acme, acme, served_github  # noqa: F401
from support.proxy import Answer, then
from support.runtime_api import invoke_once
from support.served_github.sample import EVERYTHING, OWNER

KEY = "github/acme.tfstate"
#: What hangs on repositories, and what belongs to the organisation: enough for every part of a scan.
TYPES = ["github_repository", "github_repository_webhook", "github_branch_protection", "github_team", "github_membership"]
#: Longer than an alert may be owed before the sweep takes it, in seconds.
OWED = 151


class Watched:
    """An organisation whose state lies in S3, and a Driftwire that scans it through a proxy before AWS."""

    def __init__(self, cloud, emulator, proxy, acme: Acme, settings: dict[str, str]):  # noqa: F811
        self.acme, self.emulator = acme, emulator
        self._secrets = cloud.client("secretsmanager")
        self.secret = self._secrets.create_secret(Name="github", SecretString=acme.token)["ARN"]
        github = {"DRIFTWIRE_GITHUB_OWNER": "acme", "DRIFTWIRE_GITHUB_SECRET": self.secret, "DRIFTWIRE_GITHUB_BASE_URL": acme.served.endpoint}
        self.driftwire = Deployment(cloud, emulator, endpoint=proxy.endpoint, settings=github | settings)
        # The emulator's logs outlive a test.
        self._before = len(self.log(0))
        self.repository = acme.repository(lambda each: each.visibility == "private")
        self.address = address("github_repository", self.repository.name)
        self.apply()
        assert self.driftwire.alerts() == []

    def apply(self) -> None:
        """Terraform writes the state of what is there now."""
        self.driftwire.write_state(KEY, text(self.acme.state(*TYPES)))
        self.driftwire.settle()

    @property
    def source(self) -> EventSource:
        assert self.driftwire.github
        return self.driftwire.github

    def scan(self) -> list[Message]:
        """A scan from its beginning to its end; what is told by then."""
        self.driftwire.scan_github()
        self.driftwire.settle(180.0)
        return self.driftwire.alerts()

    def make(self, visibility: str) -> None:
        """Somebody changes who may see the repository."""
        self.acme.live(self.repository).visibility = visibility

    def rotate(self, secret: str) -> None:
        self._secrets.put_secret_value(SecretId=self.secret, SecretString=secret)

    def log(self, since: int | None = None) -> str:
        return self.emulator.functions["github-scanner"].log()[self._before if since is None else since :]

    def lines(self, message: str) -> list[dict]:
        """The log lines of that message."""
        found = [json.loads(line) for line in self.log().splitlines() if message in line and line.startswith("{")]
        return [line for line in found if line.get("message") == message]

    def parts(self) -> list[tuple[str, str]]:
        """The parts that were done, and what followed each."""
        return [(line["part"], line["next"]) for line in self.lines("a part of a scan")]

    def metrics(self) -> dict[str, float]:
        """What was counted in all."""
        counted: dict[str, float] = {}
        for line in self.log().splitlines():
            if '"_aws"' in line:
                for name, value in json.loads(line).items():
                    if isinstance(value, int):
                        counted[name] = counted.get(name, 0) + value
        return counted

    def died(self) -> int:
        """How many invocations ended with the function."""
        return sum("was killed" in (batch.error or "") for batch in self.source.batches)

    def restart(self) -> None:
        """Another execution of the function: nothing of what the last one knew is left."""
        self.emulator.start("github-scanner", self.emulator.functions["github-scanner"].environment)
        self._before = 0


WHOLE = [("organisation", "repositories"), ("repositories", "repositories"), ("repositories", "rest"), ("rest", "done")]


@pytest.fixture
def watch(cloud, emulator, proxy, acme):  # noqa: F811
    def watching(**settings: str) -> Watched:
        return Watched(cloud, emulator, proxy, acme, settings)

    return watching


@pytest.fixture
def watched(watch) -> Watched:
    return watch()


def test_a_change_by_hand_is_told_once_and_closed_when_it_is_taken_back(watched):
    assert watched.scan() == [], "all is as recorded"
    assert watched.parts() == WHOLE

    watched.make("public")
    [alert] = watched.scan()
    assert (alert.kind, alert.address, alert.body["severity"], alert.body["place"]) == ("opened", watched.address, "critical", None)
    changed = {each["attribute"]: (each["recorded"], each["live"]) for each in alert.body["differences"]}
    assert changed["visibility"] == ("private", "public")
    link = f"{watched.acme.served.endpoint}/acme/{watched.repository.name}"
    assert alert.body["url"] == link and f"page            {link}\n" in alert.text
    assert "Who: GitHub does not tell" in alert.text and "CloudTrail" not in alert.text
    assert f'visibility: "private" -> "public"' in alert.text

    assert watched.scan() == [], "the same again is no news"
    watched.make("private")
    [alert] = watched.scan()
    assert (alert.kind, alert.address) == ("resolved", watched.address)
    assert watched.scan() == [] and watched.driftwire.drifts() == []
    assert watched.metrics()["scans"] == 5 and watched.metrics()["told"] == 2 and watched.metrics()["unmanaged"] > 0
    assert watched.driftwire.buried() == []


def test_what_the_last_scan_found_in_no_state_can_be_had_with_what_adopts_it(watched, tmp_path):
    last = ("scan", "--to", "github", "--owner", "acme", "--last")
    watched.driftwire.driftwire(*last, codes=(1,))
    watched.acme.served.world.create_repository("by-hand", owner="acme")
    watched.scan()
    adopt = tmp_path / "adopt.tf"
    printed = json.loads(watched.driftwire.driftwire(*last, "--json", "--import", str(adopt)))
    assert printed["coverage"]["types"]["github_repository"]["unmanaged"] == 1
    [found] = [each for each in printed["unmanaged"] if each["type"] == "github_repository"]
    assert found["id"] == "by-hand" and found["import"] in adopt.read_text()
    assert "github_repository by-hand" in watched.driftwire.driftwire(*last)
    watched.driftwire.driftwire(*last, "--fail-on-unmanaged", codes=(2,))


def test_what_nobody_has_to_manage_is_in_no_scan(watch):
    rules = '[[ignore]]\nunmanaged = "by-hand"\nreason = "a playground"\n'
    watched = watch(DRIFTWIRE_IGNORE=rules)
    for name in ("by-hand", "by-somebody"):
        watched.acme.served.world.create_repository(name, owner="acme")
    watched.scan()
    printed = json.loads(watched.driftwire.driftwire("scan", "--to", "github", "--owner", "acme", "--last", "--json"))
    assert [each["id"] for each in printed["unmanaged"] if each["type"] == "github_repository"] == ["by-somebody"]
    assert (watched.metrics()["hidden"], watched.metrics()["unmanaged"]) == (1, len(printed["unmanaged"]))


def test_scans_that_do_not_come_to_their_end_are_named_by_the_doctor(watched, tmp_path):
    clock = tmp_path / "clock"

    def faults(ahead: int) -> dict[str, str]:
        clock.write_text(str(ahead))
        examined = ("doctor", "--github-only", "--github-owner", "acme", "--clock-file", str(clock), "--json")
        found = json.loads(watched.driftwire.driftwire(*examined, codes=(0, 1)))
        assert {"scans"} == {each["check"] for each in found["checks"]} & {"scans", "records", "trail"}, "nothing of AWS is asked for"
        return {each["check"]: each["what"] for each in found["findings"]}

    assert "ever came to its end" in faults(0)["scans"]
    watched.scan()
    assert "scans" not in faults(0)
    assert "the last scan of acme on GitHub that came to its end began at" in faults(86_460)["scans"]


def test_an_apply_closes_a_finding_without_a_scan(watched):
    watched.make("public")
    assert [alert.kind for alert in watched.scan()] == ["opened"]
    scans = len(watched.parts())
    # Terraform is told that it shall be so, and writes what there is.
    recorded = watched.acme.repository(lambda each: each.name == watched.repository.name)
    recorded.visibility = "public"
    watched.apply()
    assert [(alert.kind, alert.address) for alert in watched.driftwire.alerts()] == [("resolved", watched.address)]
    assert len(watched.parts()) == scans, "no scan was made"


def test_who_did_it_is_told_where_there_is_an_audit_log(watched):
    watched.acme.organisation.plan = "enterprise"
    watched.acme.served.world.audit("repo.access", "mallory", repo=watched.repository.name, visibility="public")
    watched.rotate(watched.acme.served.world.personal_token("acme-owner", [*OWNER, "read:audit_log"]))
    watched.make("public")
    [alert] = watched.scan()
    [cause] = alert.body["causes"]
    assert (cause["source"], cause["name"], cause["actor"]["kind"], cause["actor"]["name"]) == ("github", "repo.access", "user", "mallory")
    assert "Who:\n  mallory" in alert.text


def test_what_an_app_may_not_see_is_counted_and_told_of_nothing(watched):
    app = watched.acme.served.world.install_app({name: level for name, level in EVERYTHING.items() if name != "repository_hooks"})
    watched.rotate(json.dumps({name: app[name] for name in ("app_id", "installation_id", "private_key")}))
    watched.make("public")
    assert [alert.address for alert in watched.scan()] == [watched.address], "what cannot be seen costs nothing that can"
    assert watched.parts() == WHOLE
    hooks = sum(len(each.hooks) for each in watched.acme.repositories)
    assert hooks and watched.metrics()["unknown"] == hooks
    said = watched.lines("what a scan cannot tell")
    assert {(line["type"], line["kind"]) for line in said} == {("github_repository_webhook", "access_denied")}
    assert sum(line["instances"] for line in said) == hooks and all("repository_hooks" in line["why"] for line in said)
    assert watched.driftwire.buried() == []
    assert "PRIVATE KEY" not in watched.log() and app["private_key"][50:90] not in watched.log()


def at_once(delays: list[int]):
    """Nobody waits for the queue's delay: it is noted, and the message is there."""

    def deed(call, forward) -> Answer:
        asked = json.loads(call.body)
        if asked.get("DelaySeconds", 0) <= 30:
            return forward()
        delays.append(asked["DelaySeconds"])
        to = urllib.parse.urlsplit(asked["QueueUrl"])
        connection = http.client.HTTPConnection(to.hostname, to.port, timeout=60)
        headers = {name: value for name, value in call.headers.items() if name.lower() not in ("content-length", "host")}
        connection.request("POST", "/", json.dumps(asked | {"DelaySeconds": 1}), headers)
        answer = connection.getresponse()
        return Answer(answer.status, [("Content-Type", "application/x-amz-json-1.0")], answer.read())

    return deed


@pytest.mark.parametrize("resource", ["graphql", "core"])
def test_a_limit_in_the_middle_puts_the_scan_off_and_loses_nothing(watched, proxy, resource):
    delays: list[int] = []
    proxy.on("sqs", "SendMessage", do=at_once(delays))
    watched.make("public")
    limits = watched.acme.served.limits
    # Enough for the organisation, and not for the repositories.
    watched.driftwire.scan_github()
    while not watched.parts():
        watched.source.poll()
    setattr(limits, resource, 1)
    while ("repositories", "later") not in watched.parts():
        watched.source.poll()
    assert watched.parts() == [("organisation", "repositories"), ("repositories", "later")]
    # Where GraphQL answers and REST does not, nothing is believed of what differs, and nothing is asked for one by one.
    assert watched.driftwire.alerts() == [] and watched.source.waiting() == 1
    assert all(60 < delay <= 900 for delay in delays) and bool(delays) == (resource == "graphql")

    setattr(limits, resource, None)
    watched.acme.served.clock.advance(3600)
    watched.restart()
    watched.driftwire.settle(180.0)
    assert [(alert.kind, alert.address) for alert in watched.driftwire.alerts()] == [("opened", watched.address)]
    assert watched.parts()[-1] == ("rest", "done")
    assert watched.driftwire.buried() == []


def test_messages_that_come_twice_tell_nothing_twice_and_begin_no_second_scan(watched, proxy):
    bodies: list[str] = []

    def noted(call, forward) -> Answer:
        asked = json.loads(call.body)
        if "scan_github" in asked["MessageBody"]:
            bodies.append(asked["MessageBody"])
        return forward()

    proxy.on("sqs", "SendMessage", do=noted)
    watched.make("public")
    watched.driftwire.scan_github()
    watched.driftwire.scan_github()
    assert len(watched.scan()) == 1, "three messages began one scan"
    assert watched.parts().count(("rest", "done")) == 1
    asked = len(watched.acme.served.requests())
    for body in bodies:
        watched.driftwire.cloud.client("sqs").send_message(QueueUrl=watched.source.queue_url, MessageBody=body)
    watched.driftwire.settle()
    assert watched.driftwire.alerts() == []
    assert len(watched.acme.served.requests()) == asked, "GitHub is not asked for what was done"


@pytest.mark.parametrize(
    ("service", "operation", "after"),
    [("dynamodb", "PutItem", 3), ("dynamodb", "PutItem", 12), ("sqs", "SendMessage", 1), ("sqs", "SendMessage", 2), ("sns", "Publish", 0)],
)
def test_a_function_that_is_killed_in_the_middle_costs_nothing(watched, proxy, emulator, service, operation, after):
    watched.make("public")
    # After the cloud has done it, and before the function hears of it.
    proxy.on(service, operation, then(lambda: emulator.kill("github-scanner")), times=1, after=after)
    watched.driftwire.scan_github()
    while not watched.died():
        watched.source.poll()
    # Whoever finds an alert that is owed gives that much time to whoever may be at it.
    watched.driftwire.move_clock(OWED)
    watched.driftwire.settle(120.0)
    watched.driftwire.sweep()
    watched.driftwire.settle()
    assert watched.died() == 1 and watched.parts().count(("rest", "done")) == 1
    told = watched.driftwire.alerts()
    # Between SNS and the note that it was told, an alert is told once more, by the same name.
    assert {(alert.kind, alert.address) for alert in told} == {("opened", watched.address)}
    assert len({alert.body["id"] for alert in told}) == 1 and len(told) <= (2 if service == "sns" else 1)
    assert watched.driftwire.buried() == []
    [drift] = watched.driftwire.drifts()
    assert (drift.address, drift.url) == (watched.address, f"{watched.acme.served.endpoint}/acme/{watched.repository.name}")


def test_a_secret_that_is_none_is_waited_for_and_repeated_nowhere(watched):
    token = watched.acme.token
    watched.rotate("canary token with blanks")
    watched.make("public")
    watched.driftwire.scan_github()
    watched.driftwire.run_until("the first try", lambda: watched.source.batches)
    assert watched.source.batches[-1].failures and "holds neither a token" in watched.log()
    watched.rotate(token)
    watched.driftwire.settle(120.0)
    assert [alert.kind for alert in watched.driftwire.alerts()] == ["opened"]
    everything = watched.driftwire.logs() + json.dumps(watched.driftwire.buried(), default=str)
    assert "canary" not in everything and token not in everything


def test_before_its_time_is_over_it_answers_and_the_part_comes_again(watched, tmp_path):
    watched.make("public")
    watched.acme.served.plan.add("latency", seconds=30, path="POST /graphql")
    watched.emulator.stop_function("github-scanner")
    part = '{"driftwire": "scan_github", "part": "organisation", "scan": "2026-03-14T09:27:00Z"}'
    received = {"messageId": "1", "body": part, "receiptHandle": "r", "attributes": {"ApproximateReceiveCount": "1"}}
    event = {"Records": [received | {"eventSource": "aws:sqs", "md5OfBody": "", "eventSourceARN": watched.source.queue_arn, "awsRegion": "us-east-1"}]}
    answer, after = invoke_once("github-scanner", watched.driftwire.environment, event, seconds=8, log=tmp_path / "log")
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]} and after < 8
    assert "it took longer than there was time" in (tmp_path / "log").read_text()


def test_what_is_none_of_its_business_is_buried_and_can_be_sent_back(watched):
    for body in ['{"detail": {"eventID": "e-1"}}', '{"driftwire": "sweep"}']:
        watched.driftwire.cloud.client("sqs").send_message(QueueUrl=watched.source.queue_url, MessageBody=body)
    watched.driftwire.settle()
    reasons = {letter["MessageAttributes"]["reason"]["StringValue"] for letter in watched.driftwire.buried()}
    assert len(reasons) == 2 and any("only event-detector takes records" in reason for reason in reasons), reasons
    listed = json.loads(watched.driftwire.driftwire("dead-letters", "list", "--json"))["dead_letters"]
    assert {letter["function"] for letter in listed} == {"github-scanner"}
    returned = json.loads(watched.driftwire.driftwire("dead-letters", "retry", "--all", "--json"))["retried"]
    assert [letter["function"] for letter in returned] == ["github-scanner", "github-scanner"]
    assert watched.source.waiting() == 2 and watched.driftwire.buried() == []
