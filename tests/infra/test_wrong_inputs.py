"""What is wrong with an input is said in a sentence, before anything is made."""

from __future__ import annotations

import re

import pytest

import installed
from support.terraform_cli import Example

pytestmark = pytest.mark.skipif(installed.why_not() is not None, reason=f"nothing can be planned: {installed.why_not()}")

GITHUB = '{{ secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:driftwire/github-a1b2c3", {} }}'
STATES = {"state_buckets": '{ "acme-tfstate" = ["prod/*"] }'}


@pytest.fixture(scope="module")
def example(terraform, _moto, tmp_path_factory) -> Example:
    return Example(terraform, tmp_path_factory.mktemp("wrong"), "single-account", _moto.endpoint)


def said(example: Example, **inputs: str) -> str:
    """What Terraform has against it, on one line."""
    example.override(**inputs)
    done = example.run("plan")
    assert done.returncode == 1, done.stdout
    return " ".join(re.sub(r"[│╷╵]", " ", done.stdout).split())


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"state_buckets": "{}"}, 'Name at least one bucket: state_buckets = { "acme-tfstate" = ["prod/*"] }.'),
        ({"state_buckets": '{ "s3://acme" = [] }'}, "A key of state_buckets is the bare name of a bucket"),
        ({"state_buckets": '{ "acme" = ["/prod/*"] }'}, "A pattern of keys does not begin with a slash"),
        ({"alert_emails": '["platform"]'}, "An entry of alert_emails is an e-mail address."),
        ({"alert_subscriptions": '{ x = { protocol = "pigeon", endpoint = "x" } }'}, "The protocol of a subscription is email, https, sqs"),
        (
            {"alert_subscriptions": '{ x = { protocol = "email", endpoint = "a@b.example", filter_policy = { colour = ["red"] } } }'},
            "A filter_policy filters by severity, kind, status, type, state, account or region.",
        ),
        ({"slack": '{ secret_arn = "https://hooks.slack.com/services/T/B/x" }'}, "slack.secret_arn is the ARN of a secret"),
        ({"github": GITHUB.format('owner = "https://github.com/acme"')}, "github.owner is the name of an organisation as in https://github.com/acme"),
        ({"github": '{ owner = "acme", secret_arn = "ghp_1234" }'}, "github.secret_arn is the ARN of a secret"),
        ({"github": GITHUB.format('owner = "acme", secret_kms_key_arn = "alias/mine"')}, "github.secret_kms_key_arn is the ARN of a key, and not of an alias."),
        ({"github": GITHUB.format('owner = "acme", base_url = "http://github.acme.example/"')}, "github.base_url is a URL such as https://github.acme.example/, of https"),
        ({"github": GITHUB.format('owner = "acme", base_url = "http://127.0.0.1.acme.example/"')}, "github.base_url is a URL"),
        ({"github": GITHUB.format('owner = "acme", base_url = "https://me:secret@github.acme.example/"')}, "github.base_url is a URL"),
        ({"github": GITHUB.format('owner = "acme", schedule = "every hour"')}, "github.schedule is a rate or a cron expression"),
        ({"github": GITHUB.format('owner = "acme", schedule = "at(2026-01-01T00:00:00)"')}, "github.schedule is a rate or a cron expression"),
        ({"github": GITHUB.format('owner = "acme", look_around_hours = 337')}, "github.look_around_hours is 0 to 336."),
        ({"watch_aws": "false"}, "Nothing is watched: watch_aws = false is for a deployment that scans GitHub, which github says."),
        (
            {"watch_aws": "false", "github": GITHUB.format('owner = "acme"'), "create_trail": "true"},
            "create_trail, provider_reader and assume_role are for AWS, which watch_aws = false leaves out.",
        ),
        ({"state_bucket_regions": '{ "acme-tfstate" = "Ireland" }'}, "state_bucket_regions maps a bucket to its region"),
        ({"state_kms_key_arns": '["alias/states"]'}, "is the ARN of a key, and not of an alias."),
        ({"central_bus": '{ organization_id = "acme" }'}, "central_bus.organization_id looks like o-a1b2c3d4e5."),
        ({"central_bus": '{ accounts = ["1"] }'}, "central_bus.accounts holds account ids of twelve digits."),
        ({"assume_role": '{ external_id = "x y", accounts = ["*"] }'}, "assume_role.external_id has 2 to 1224 letters"),
        ({"assume_role": '{ external_id = "acme", accounts = [] }'}, "assume_role.accounts holds account ids of twelve digits"),
        ({"provider_reader": "{}"}, "provider_reader needs a version of hashicorp/aws in versions, or an entry in packages."),
        ({"provider_reader": '{ versions = ["latest"] }'}, 'provider_reader.versions holds versions such as "5.100.0".'),
        ({"provider_reader": '{ packages = ["hashicorp/aws 5.100.0"] }'}, "is what `driftwire providers stage` prints"),
        ({"timing": "{ recheck_after = 901 }"}, "are delays of SQS: 0 to 900 seconds."),
        ({"name": '"Driftwire!"'}, "A name has 2 to 24 lower-case letters"),
        ({"architecture": '"mips"'}, "The architecture is arm64 or x86_64."),
        ({"memory_mb": '{ "provider-judge" = 512 }'}, "memory_mb is by event-detector, state-indexer, slack-notifier and github-scanner"),
        ({"maximum_concurrency": '{ "event-detector" = 1 }'}, "Lambda takes 2 to 1000."),
        ({"maximum_concurrency": '{ "github-scanner" = 10 }'}, "maximum_concurrency is by event-detector, state-indexer, provider-judge and slack-notifier."),
        ({"ignore": f'"{"x" * 2049}"'}, "put it into a bucket and say s3://bucket/key."),
    ],
    ids=lambda given: "-".join(given) if isinstance(given, dict) else "",
)
def test_an_input_that_is_wrong_is_refused_with_what_it_has_to_be(example, inputs, sentence):
    assert sentence in said(example, **(STATES | inputs))


def test_packages_and_plugins_that_were_not_built_are_named_with_the_command_that_makes_them(example):
    text = said(example, **STATES, packages_dir='"/nowhere"', provider_reader='{ versions = ["5.100.0"] }', check_bucket_notifications="false")
    assert "There is no package at /nowhere/arm64/event-detector/bootstrap.zip: run make build ARCH=arm64" in text
    assert "Stage it: driftwire providers stage hashicorp/aws --version 5.100.0 --download --platform linux_arm64 --to /nowhere/plugins" in text


@pytest.mark.parametrize("url", ["https://github.acme.example/api/v3/", "http://127.0.0.1:8080"])
def test_a_github_of_ones_own_is_asked_over_tls_or_on_this_machine(example, url):
    # What stops it is that nothing was built, and no input.
    text = said(example, **STATES, github=GITHUB.format(f'owner = "acme", base_url = "{url}"'), packages_dir='"/nowhere"')
    assert "There is no package at /nowhere/arm64/github-scanner/bootstrap.zip" in text and "base_url" not in text
