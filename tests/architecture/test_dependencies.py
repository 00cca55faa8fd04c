"""Which crate may know what: the arrows of docs/architecture.md, and the absences that matter."""

import json
import os
import subprocess

import pytest

from support.places import WORKSPACE

#: What each crate of ours may build on directly, among ours.
MAY_USE = {
    "drift-model": set(),
    "drift-state": {"drift-model"},
    "drift-events": {"drift-model"},
    "drift-catalog": {"drift-model"},
    "drift-engine": {"drift-model", "drift-state", "drift-events", "drift-catalog"},
    "drift-aws": {"drift-model", "drift-state", "drift-events", "drift-catalog", "drift-engine"},
    "drift-provider": {"drift-model", "drift-catalog", "drift-engine"},
    "drift-registry": set(),
    "drift-github": {"drift-model", "drift-state", "drift-catalog", "drift-engine"},
    "drift-lambda": {"drift-model", "drift-state", "drift-events", "drift-catalog", "drift-engine", "drift-aws"},
}

#: The crates that do no I/O: they know no AWS SDK, no runtime, no Lambda, however far down.
PURE = ["drift-model", "drift-state", "drift-events", "drift-catalog", "drift-engine"]
OUTSIDE_WORLD = ("aws-", "tokio", "lambda_", "hyper", "reqwest", "rustls", "async-std")

#: Where every service's own SDK would cost minutes to compile and megabytes to carry.
LINKED_SDKS = {"aws-sdk-s3", "aws-sdk-dynamodb", "aws-sdk-sns", "aws-sdk-sqs", "aws-sdk-sts", "aws-sdk-sso", "aws-sdk-ssooidc", "aws-sdk-cloudtrail"}


@pytest.fixture(scope="module")
def graph():
    """For each package of the workspace, the names that it depends on for what is built, directly and in all."""
    # Of one platform, so that no other platform's crates are fetched.
    command = [os.environ.get("CARGO", "cargo"), "metadata", "--format-version=1", "--locked", "--filter-platform=x86_64-unknown-linux-gnu"]
    metadata = json.loads(subprocess.run(command, cwd=WORKSPACE, check=True, capture_output=True).stdout)
    names = {package["id"]: package["name"] for package in metadata["packages"]}
    edges = {
        node["id"]: [dep["pkg"] for dep in node["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])]
        for node in metadata["resolve"]["nodes"]
    }

    def reached(package):
        seen, waiting = set(), list(edges[package])
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += edges[one]
        return {names[one] for one in seen}

    return {names[member]: ({names[dep] for dep in edges[member]}, reached(member)) for member in metadata["workspace_members"]}


@pytest.mark.parametrize("crate", MAY_USE)
def test_arrows_point_inward_only(graph, crate):
    ours = {name for name in graph[crate][0] if name in graph}
    assert ours <= MAY_USE[crate], f"{crate} may not know {sorted(ours - MAY_USE[crate])}"


@pytest.mark.parametrize("crate", PURE)
def test_the_core_knows_nothing_of_the_outside_world(graph, crate):
    known = sorted(name for name in graph[crate][1] if name.startswith(OUTSIDE_WORLD))
    assert not known, f"{crate} reaches {known}"


def test_a_new_crate_has_its_place_in_this_test(graph):
    shared = {name for name in graph if name.startswith("drift-")}
    assert shared == set(MAY_USE), "say in MAY_USE what the new crate may know"


def test_no_function_links_the_sdk_of_a_service_that_it_only_watches(graph):
    for crate, (_, reached) in graph.items():
        sdks = {name for name in reached if name.startswith("aws-sdk-")}
        assert sdks <= LINKED_SDKS, f"{crate} links {sorted(sdks - LINKED_SDKS)}: reads of watched services are the catalog's"
        if crate != "driftwire":
            assert "aws-sdk-cloudtrail" not in sdks, f"{crate} asks CloudTrail: only `driftwire doctor` does"


@pytest.mark.parametrize("known", ["drift-provider", "drift-registry"])
def test_only_what_reads_through_plugins_knows_how(graph, known):
    knowing = {crate for crate, (_, reached) in graph.items() if known in reached}
    assert knowing == {"provider-judge", "driftwire"}, "the other functions stay small, and start fast"


def test_only_what_reads_github_knows_how(graph):
    knowing = {crate for crate, (_, reached) in graph.items() if "drift-github" in reached}
    assert knowing == {"github-scanner", "driftwire"}, "the other functions stay small, and hold no token"


def test_the_port_on_github_knows_nothing_of_aws(graph):
    known = sorted(name for name in graph["drift-github"][1] if name.startswith(("aws-", "lambda_")))
    assert not known, f"drift-github reaches {known}"
