"""The provider reader beside `terraform plan -refresh-only`: the same states, the same served AWS, the same parallelism, in one run."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time
import urllib.request

from support.cloud import Cloud
from support.places import aws_environment

# How many instances, and how many at a time: Terraform's own default.
SIZES = (1, 10, 100, 2_000)
PARALLEL = 10

# What the project aims at: how many times fewer seconds than Terraform, by the number of instances; megabytes of Driftwire itself.
TIMES = {10: 4.0, 2_000: 1.25}
MEMORY_MB = 64

CONFIGURATION = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = "true"
}
variable "number" { type = number }
resource "aws_sns_topic" "a" {
  count = ceil(var.number / 2)
  name  = "topic-${count.index}"
  tags  = { team = "payments" }
}
resource "aws_iam_role" "a" {
  count              = floor(var.number / 2)
  name               = "role-${count.index}"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
  tags               = { team = "payments" }
}
"""


def plugin(binaries):
    """The folder and the version of hashicorp/aws that a test may use; why not, where there is none."""
    folder = os.environ.get("DRIFTWIRE_TEST_PROVIDER_DIR")
    words = ["--provider-dir", folder] if folder else []
    done = subprocess.run([str(binaries / "driftwire"), "providers", "--json", *words], capture_output=True, text=True)
    found = [one for one in json.loads(done.stdout)["providers"] if one["provider"] == "registry.terraform.io/hashicorp/aws" and not one.get("why_not")]
    return (words, found[-1]["version"]) if found else None


def watched(command, env, cwd):
    """Seconds, the highest resident memory of the process and of the plugins below it (in bytes), and what it printed."""
    peaks, done = {}, threading.Event()
    started = time.monotonic()
    child = subprocess.Popen(command, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def watch():
        # What is asked for is the highest so far, so that few looks are enough and take nothing from what is measured.
        while not done.wait(0.1):
            for status in pathlib.Path("/proc").glob("[0-9]*/status"):
                try:
                    text = status.read_text()
                except OSError:
                    continue
                name, parent = re.search(r"^Name:\t(.*)$", text, re.M)[1], int(re.search(r"^PPid:\t(\d+)$", text, re.M)[1])
                if (peak := re.search(r"^VmHWM:\s+(\d+) kB", text, re.M)) and (name.startswith("terraform-provi") and parent == child.pid or int(status.parent.name) == child.pid):
                    kind = "plugin" if parent == child.pid else "itself"
                    peaks[kind] = max(peaks.get(kind, 0), int(peak[1]) * 1024)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, errors = child.communicate()
    seconds = time.monotonic() - started
    done.set()
    watcher.join()
    return seconds, peaks, child.returncode, output, errors


def requests_alone(cloud, recording):
    """Seconds in which the served AWS answers these requests, so many at a time, asked by a client that does nothing else."""
    calls = [json.loads(line) for line in recording.read_text().splitlines()]

    def ask(call):
        body = call["body"].encode() if call["body"] else None
        headers = {name: value for name, value in call["headers"].items() if name.lower() not in ("host", "content-length", "connection")}
        url = cloud.endpoint + "/" + call["url"].split("/", 3)[3]
        try:
            urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers, method=call["method"]), timeout=60).read()
        except urllib.error.HTTPError as refused:
            refused.read()

    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(ask, calls))
    return time.monotonic() - started, len(calls)


def forget_unrecorded_roles(cloud, state):
    """Roles cannot be created twice; topics can."""
    recorded = {instance["attributes"]["name"] for resource in json.loads(state.read_text())["resources"] for instance in resource["instances"]}
    iam = cloud.client("iam")
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            if role["RoleName"] not in recorded:
                iam.delete_role(RoleName=role["RoleName"])


def moto(cloud, path):
    urllib.request.urlopen(urllib.request.Request(cloud.endpoint + path, method="POST"), timeout=300).read()


def measure(args, folder, line):
    """Prints a line for each measure; gives what is worse than aimed at."""
    found, terraform = plugin(args.binaries), shutil.which("terraform")
    if not found or not terraform:
        line("skipped", "", "needs `terraform` on the PATH and a plugin of hashicorp/aws (DRIFTWIRE_TEST_PROVIDER_DIR may name a folder)")
        return []
    words, version = found
    line("plugin", f"hashicorp/aws {version}", f"beside `terraform plan -refresh-only -parallelism={PARALLEL}`")
    problems = []
    for size in SIZES:
        cloud = Cloud(folder / f"moto-{size}")
        try:
            problems += one(args, folder / f"state-{size}", cloud, line, (terraform, words, size))
        finally:
            cloud.stop()
    return problems


def one(args, folder, cloud, line, what):
    terraform, words, size = what
    folder.mkdir()
    (folder / "main.tf").write_text(CONFIGURATION)
    env = {name: value for name, value in aws_environment(cloud.endpoint).items() if not name.startswith("TF_")} | {"TF_VAR_number": str(size), "CHECKPOINT_DISABLE": "1"}
    plugins = [f"-plugin-dir={words[1]}"] if words else []
    applied = ["apply", "-input=false", "-auto-approve", f"-parallelism={PARALLEL}"]
    run = lambda command: subprocess.run([terraform, *command], cwd=folder, env=env, capture_output=True, text=True)  # noqa: E731
    run(["init", "-input=false", *plugins])
    # A served AWS drops an answer now and then under thousands of writes: what was made and not recorded is made again.
    for _ in range(6):
        if not (done := run(applied)).returncode:
            break
        forget_unrecorded_roles(cloud, folder / "terraform.tfstate")
    if done.returncode:
        return [f"{size} instances cannot be applied: {done.stderr[-1000:]}"]
    run(["apply", "-refresh-only", "-input=false", "-auto-approve"])

    check = [str(args.binaries / "driftwire"), "check", "--state", str(folder / "terraform.tfstate"), "--reader", "provider",
             "--parallel", str(PARALLEL), "--json", *words]
    moto(cloud, "/moto-api/recorder/reset-recording")
    moto(cloud, "/moto-api/recorder/start-recording")
    ours, peaks, code, output, errors = watched(check, env, folder)
    moto(cloud, "/moto-api/recorder/stop-recording")
    summary = json.loads(output)["summary"] if output else {}
    if code or summary.get("in_sync") != size:
        return [f"check of {size} instances: exit {code}, {summary}, {errors[-500:]}"]
    recording = next(folder.parent.glob(f"moto-{size}/moto.recording"))
    alone, calls = requests_alone(cloud, recording)
    # The better of two, each without the recorder.
    ours, ours_peaks = min((watched(check, env, folder)[:2] for _ in range(2)), key=lambda run: run[0])
    peaks = {kind: max(peaks.get(kind, 0), ours_peaks.get(kind, 0)) for kind in ("itself", "plugin")}
    plan = [terraform, "plan", "-refresh-only", "-input=false", "-lock=false", f"-parallelism={PARALLEL}"]
    theirs, their_peaks = min((watched(plan, env, folder)[:2] for _ in range(2)), key=lambda run: run[0])

    name = "from nothing to the first verdict" if size == 1 else f"{size:,} instances"
    line(name, f"{ours:.2f} s, {size / ours:,.0f}/s", f"terraform: {theirs:.2f} s ({theirs / ours:.1f} times); the served AWS alone, {calls:,} requests: {alone:.2f} s")
    line("  peak memory of Driftwire, and of the plugin", f"{peaks['itself'] / 1e6:.0f} and {peaks['plugin'] / 1e6:.0f} MB",
         f"terraform: {their_peaks.get('itself', 0) / 1e6:.0f} and {their_peaks.get('plugin', 0) / 1e6:.0f} MB")
    problems = []
    if size in TIMES and theirs / ours < TIMES[size]:
        problems.append(f"{size} instances: {theirs / ours:.2f} times fewer seconds than Terraform, and {TIMES[size]} are aimed at (the served AWS alone takes {alone:.2f} s)")
    if peaks["itself"] > MEMORY_MB * 1e6:
        problems.append(f"{size} instances: {peaks['itself'] / 1e6:.0f} MB of memory, and {MEMORY_MB} are aimed at")
    return problems
