"""What Driftwire costs, each number beside its reference in the same run.

decisions  records per second through the decision path on one core, beside bare `serde_json` parsing of the same bytes
indexing   a state of 100 MB with 50,000 instances: MB/s and peak memory, beside `serde_json::Value` on the same file
event      requests and bytes for one event against states of 10 KB, 1 MB and 100 MB, and its time beside the same bare
           ranged GET; requests and the bytes from S3 have to be equal
start      each function's start until its first poll of the Runtime API, its peak memory, and its binary's size
provider   seconds, instances per second and peak memory of `check --reader provider` for states of 1, 10, 100 and 2,000 instances,
           beside `terraform plan -refresh-only` on the same state, and beside the served AWS alone for the same requests; where
           `terraform` and a plugin of hashicorp/aws are found
github     a full scan of a GitHub organisation of 1,000 repositories, and a second one of which nothing changed: wall time, requests, points and
           peak memory, with a personal token and as an App, beside the time that GitHub's limits allow and the provider's requests

usage: run.py [--parts decisions,indexing,event,start,provider,github] [--binaries FOLDER] [--no-build]
"""
import argparse
import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from bench import github as github_scan  # noqa: E402
from bench import provider as provider_reader  # noqa: E402
from bench.lambda_runtime import Runtime  # noqa: E402
from support.cloud import Cloud  # noqa: E402
from support.deployment import Deployment  # noqa: E402
from support.places import aws_environment  # noqa: E402
from support.proxy import Proxy  # noqa: E402
from support.records import object_event  # noqa: E402

PARTS = ("decisions", "indexing", "event", "start", "provider", "github")
FUNCTIONS = ("event-detector", "state-indexer", "provider-judge", "github-scanner", "slack-notifier")

# What the project aims at.
START_MS, BINARY_MB = 30, 20

# Size of the state in bytes, and its number of instances. The judged instance has the same bytes in each.
STATES = ((10_000, 5), (1_000_000, 200), (100_000_000, 2_000))
BIG = (100_000_000, 50_000)

# One page of the index's byte ranges grows a little with the number of instances, and never beyond this.
MOST_INDEX_BYTES = 64 * 1024


def line(name, value, reference=""):
    print(f"  {name:44s} {value:>24s}   {reference}", flush=True)


def measure(args, *words):
    """What the example `measure` prints."""
    done = subprocess.run([str(args.binaries / "examples" / "measure"), *map(str, words)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def megabytes(size):
    return f"{size / 1e6:.1f} MB" if size else "not told"


def decisions(args, folder):
    measure(args, "state", 5_000_000, 2_500, folder / "decisions.tfstate")
    found = measure(args, "decisions", folder / "decisions.tfstate")
    line("decided, records/s on one core", f"{found['decided_per_s']:,.0f}", f"bare serde_json: {found['parsed_per_s']:,.0f} records/s")
    line("share of bare parsing", f"{found['decided_per_s'] / found['parsed_per_s']:.0%}", f"{found['bytes_per_record']} bytes a record, {found['instances']} instances")


def indexing(args, folder):
    state = folder / "big.tfstate"
    measure(args, "state", *BIG, state)
    ours, theirs = measure(args, "index", state), measure(args, "serde", state)
    line("reading a state for its index", f"{ours['mb_per_s']:.0f} MB/s", f"serde_json::Value: {theirs['mb_per_s']:.0f} MB/s")
    line("peak memory, the file itself included", megabytes(ours["peak_bytes"]), f"serde_json::Value: {megabytes(theirs['peak_bytes'])}")
    line("the file", megabytes(ours["bytes"]), f"{ours['found']:,} instances")
    state.unlink()


class Functions:
    """The functions behind runtimes of our own, where a deployment expects an emulator."""

    def __init__(self, binaries, directory):
        directory.mkdir()
        self.binaries, self.directory, self.functions = binaries, directory, {}

    def folder_for_temporary_files(self):
        return self.directory

    def start(self, name, environment):
        self.functions[name] = Runtime(self.binaries / name, dict(environment))

    def invoke(self, name, event, seconds=900):
        return self.functions[name].invoke(event, seconds)

    def stop(self):
        for function in self.functions.values():
            function.stop()


class Traffic:
    """Counts what the functions ask of AWS: requests and bytes of answers, by service."""

    def __init__(self, proxy):
        self.requests, self.fetched, self.ranged = collections.Counter(), collections.Counter(), None
        proxy.on("*", "*", self.count)

    def count(self, call, forward):
        answer = forward()
        self.requests[call.service] += 1
        self.fetched[call.service] += len(answer.body)
        if wanted := {name.lower(): value for name, value in call.headers.items()}.get("range"):
            self.ranged = (call.path, wanted)
        return answer

    def reset(self):
        self.requests.clear()
        self.fetched.clear()


def sqs_event(body, number):
    return {"Records": [{"messageId": f"m-{number}", "receiptHandle": "r", "body": json.dumps(body), "attributes": {"ApproximateReceiveCount": "1"},
                         "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs",
                         "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:events", "awsRegion": "us-east-1"}]}


def change(number):
    """Somebody set an attribute of the queue that every generated state holds."""
    detail = {"eventVersion": "1.10", "eventID": f"0c7a1d34-0000-4000-9000-{number:012}", "eventTime": "2026-03-14T09:27:00Z",
              "eventSource": "sqs.amazonaws.com", "eventName": "SetQueueAttributes", "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.10",
              "userAgent": "aws-cli/2", "userIdentity": {"type": "IAMUser", "userName": "bob", "accountId": "123456789012"},
              "requestParameters": {"queueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/jobs-1"}, "responseElements": None,
              "readOnly": False, "eventType": "AwsApiCall", "recipientAccountId": "123456789012"}
    return {"version": "0", "id": str(number), "detail-type": "AWS API Call via CloudTrail", "source": "aws.sqs", "account": "123456789012",
            "time": "2026-03-14T09:27:00Z", "region": "us-east-1", "resources": [], "detail": detail}


def event(args, folder):
    rows = []
    cloud = Cloud(folder / "cloud")
    try:
        for size, instances in STATES:
            cloud.reset()
            with Proxy(cloud.endpoint) as proxy:
                rows.append(one_event(args, folder, cloud, proxy, size, instances))
    finally:
        cloud.stop()
    first = rows[0]
    for (size, _), row in zip(STATES, rows):
        line(f"one event, state of {size / 1e6:g} MB", f"{row['time'] * 1e3:.1f} ms", f"the same bare ranged GET: {row['bare'] * 1e3:.1f} ms")
        asked = ", ".join(f"{service} {number}" for service, number in sorted(row["requests"].items()))
        line("  requests", str(sum(row["requests"].values())), asked)
        line("  bytes from S3, from the index", f"{row['fetched']['s3']}, {row['fetched']['dynamodb']}")
    for row in rows:
        if row["requests"] != first["requests"] or row["fetched"]["s3"] != first["fetched"]["s3"]:
            raise SystemExit("FAILED: the cost of an event grows with the state")
        if row["fetched"]["dynamodb"] > MOST_INDEX_BYTES:
            raise SystemExit(f"FAILED: more than {MOST_INDEX_BYTES} bytes from the index")


def one_event(args, folder, cloud, proxy, size, instances):
    state = folder / "event.tfstate"
    measure(args, "state", size, instances, state)
    functions, traffic = Functions(args.binaries, folder / f"functions-{size}"), Traffic(proxy)
    try:
        deployment = Deployment(cloud, functions, endpoint=proxy.endpoint)
        cloud.client("sqs").create_queue(QueueName="jobs-1")
        text = state.read_text()
        etag = deployment.put_state("bench.tfstate", text)
        created = object_event("Object Created", deployment.bucket, "bench.tfstate", etag=etag, size=len(text))
        answer = functions.invoke("state-indexer", sqs_event(created, 0))
        assert not answer or not answer.get("batchItemFailures"), answer
        functions.invoke("event-detector", sqs_event(change(1), 1))  # Connections, credentials and the first finding.
        functions.invoke("event-detector", sqs_event(change(2), 2))
        traffic.reset()
        begun = time.monotonic()
        answer = functions.invoke("event-detector", sqs_event(change(3), 3))
        taken = time.monotonic() - begun
        assert not answer or not answer.get("batchItemFailures"), answer
        requests, fetched = dict(traffic.requests), collections.Counter(traffic.fetched)
        return {"time": taken, "requests": requests, "fetched": fetched, "bare": bare_get(deployment, proxy, traffic.ranged)}
    finally:
        functions.stop()
        state.unlink()


def bare_get(deployment, proxy, ranged):
    """The time of the same range's GET without anything around it."""
    if not ranged:
        raise SystemExit("FAILED: the state was not read by a range")
    url = deployment.cloud.client("s3").generate_presigned_url("get_object", Params={"Bucket": deployment.bucket, "Key": "bench.tfstate"})
    request = urllib.request.Request(url.replace(deployment.cloud.endpoint, proxy.endpoint), headers={"Range": ranged[1]})
    times = []
    for _ in range(5):
        begun = time.monotonic()
        urllib.request.urlopen(request, timeout=60).read()
        times.append(time.monotonic() - begun)
    return statistics.median(times)


def start(args, _folder):
    environment = aws_environment("http://127.0.0.1:1") | {
        "DRIFTWIRE_INDEX_TABLE": "index", "DRIFTWIRE_LEDGER_TABLE": "ledger", "DRIFTWIRE_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:t",
        "DRIFTWIRE_EVENTS_QUEUE_URL": "http://127.0.0.1:1/123456789012/e", "DRIFTWIRE_STATES_QUEUE_URL": "http://127.0.0.1:1/123456789012/s",
        "DRIFTWIRE_DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:1/123456789012/d", "DRIFTWIRE_STATES": "states",
        "DRIFTWIRE_PROVIDER_QUEUE_URL": "http://127.0.0.1:1/123456789012/p",
        "DRIFTWIRE_PLUGINS": f"hashicorp/aws 5.100.0 s3://b/k sha256:{'0' * 64}", "DRIFTWIRE_TOLD_TABLE": "told",
        "DRIFTWIRE_SLACK_QUEUE_URL": "http://127.0.0.1:1/123456789012/n",
        "DRIFTWIRE_SLACK_SECRET": "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack-AbCdEf",
        "DRIFTWIRE_GITHUB_QUEUE_URL": "http://127.0.0.1:1/123456789012/g", "DRIFTWIRE_GITHUB_OWNER": "acme",
        "DRIFTWIRE_GITHUB_SECRET": "arn:aws:secretsmanager:us-east-1:123456789012:secret:github-AbCdEf"}
    for name in FUNCTIONS:
        times, peak = [], 0
        for _ in range(10):
            with Runtime(args.binaries / name, environment) as runtime:
                times.append(runtime.started * 1e3)
                peak = max(peak, runtime.peak_memory() or 0)
        line(f"{name}: start until the first poll", f"{statistics.median(times):.1f} ms", f"aim: {START_MS} ms; slowest of 10: {max(times):.1f} ms")
        line("  peak memory by then", megabytes(peak))
        line("  binary", megabytes((args.binaries / name).stat().st_size), f"aim: {BINARY_MB} MB")


def provider(args, folder):
    for problem in provider_reader.measure(args, folder, line):
        line("NOT REACHED", "", problem)


def github(args, folder):
    for problem in github_scan.measure(args, folder, line):
        line("NOT REACHED", "", problem)


def build(args):
    cargo = [os.environ.get("CARGO", "cargo"), "build", "--locked", "--release"]
    subprocess.run([*cargo, "--package", "drift-engine", "--example", "measure"], cwd=ROOT, check=True)
    if {"event", "start"} & set(args.parts):
        subprocess.run([*cargo, *(word for name in FUNCTIONS for word in ("--package", name))], cwd=ROOT, check=True)
    if {"provider", "github"} & set(args.parts):
        subprocess.run([*cargo, "--package", "driftwire"], cwd=ROOT, check=True)


def main():
    parse = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parse.add_argument("--parts", default=",".join(PARTS))
    parse.add_argument("--binaries", type=pathlib.Path, default=pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release")
    parse.add_argument("--no-build", action="store_true", help="measure what is there")
    args = parse.parse_args()
    args.parts = args.parts.split(",")
    if unknown := set(args.parts) - set(PARTS):
        parse.error(f"--parts: {', '.join(sorted(unknown))} is none of {', '.join(PARTS)}")
    if not args.no_build:
        build(args)
    with tempfile.TemporaryDirectory() as folder:
        for part in args.parts:
            print(f"\n{part}", flush=True)
            globals()[part](args, pathlib.Path(folder))


if __name__ == "__main__":
    main()
