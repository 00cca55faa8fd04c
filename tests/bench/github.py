"""A full scan of an organisation of 1,000 repositories against a served GitHub that is as slow as GitHub and keeps its limits."""

from __future__ import annotations

import collections
import json

from bench.provider import watched
from support.github_states import addresses, state_of, text
from support.github_states.recording import API
from support.github_states.scan import Scanner
from support.served_github import ServedGitHub, World
from support.served_github.sample import EVERYTHING, OWNER

SIZE = {"repositories": 1_000, "teams": 100, "members": 500}
# Seconds that GitHub takes for an answer.
LATENCY = 0.1

# The types in the state, and how many requests the provider's Read makes for one instance: a repository and whether it has vulnerability alerts; of a
# collaborator the invitations and the collaborators.
TYPES = {
    "github_repository": 2, "github_branch_protection": 1, "github_team": 1, "github_team_members": 1, "github_team_repository": 1, "github_membership": 1,
    "github_repository_collaborator": 2, "github_repository_webhook": 1, "github_issue_label": 1, "github_repository_environment": 1,
    "github_organization_settings": 1,
}

# In place of the two that grant access one by one: those who were added, those from outside, invitations and teams.
AS_A_WHOLE = {name: number for name, number in TYPES.items() if name not in ("github_repository_collaborator", "github_team_repository")}
AS_A_WHOLE |= {"github_repository_collaborators": 4}

# What the project aims at.
REQUESTS, TIMES, FEWER, MEMORY_MB = 1_500, 1.2, 0.60, 128


def organisation():
    world = World()
    world.api_url = API
    world.organisation("acme", **SIZE)
    return world


def allowed(served):
    """The seconds in which GitHub's limits of a minute allow what was asked: points of REST and GraphQL, seconds of computing."""
    limits, entries = served.limits, served.requests()
    graphql = [entry for entry in entries if entry["resource"] == "graphql"]
    shares = {
        "points of REST": (len(entries) - len(graphql)) / limits.rest_points_a_minute,
        "points of GraphQL": len(graphql) / limits.graphql_points_a_minute,
        "computing": sum(entry["seconds"] for entry in entries) / limits.computing_a_minute,
        "computing of GraphQL": sum(entry["seconds"] for entry in graphql) / limits.graphql_computing_a_minute,
    }
    most = max(shares, key=shares.get)
    return shares[most] * 60, most


def scan(args, scanner, served, credential, state, folder):
    """One scan, as GitHub and the machine saw it."""
    served.log.clear()
    command = [str(args.binaries / "driftwire"), "scan", "--to", "github", "--state", str(state), "--json", "--cache", str(folder / "cache")]
    seconds, peaks, code, output, errors = watched(command, scanner.environment(credential), folder)
    counters = served.counters()
    summary = json.loads(output)["summary"] if output.startswith("{") else {}
    unchanged = counters["status"].get("304", 0)
    refused = sum(counters["status"].get(status, 0) for status in ("403", "429"))
    graphql = sum(number for operation, number in counters["operations"].items() if operation.startswith("POST ") and "access_tokens" not in operation)
    return {
        "seconds": seconds, "memory": peaks.get("itself", 0), "code": code, "summary": summary, "errors": errors[-1500:], "requests": counters["requests"],
        "counted": counters["requests"] - unchanged, "unchanged": unchanged, "graphql": graphql, "points": counters["cost"].get("graphql", 0),
        "allowed": allowed(served), "refused": refused, "operations": counters["operations"],
    }


def one(args, folder, served, line, credential, name, state):
    folder.mkdir()
    scanner, path = Scanner(folder, served), folder / "state.tfstate"
    path.write_text(text(state))
    instances, problems, runs = len(addresses(state)), [], []
    for what in ("first", "unchanged second"):
        run = scan(args, scanner, served, credential, path, folder)
        if run["code"] or run["summary"].get("in_sync") != instances:
            return [f"{name}, {what} scan: exit {run['code']}, {run['summary']}, {run['errors']}"]
        runs.append(run)
        within, by = run["allowed"]
        line(f"{name}, {what}: wall time", f"{run['seconds']:.1f} s", f"the limits allow it in {within:.1f} s, by {by}")
        line("  requests", f"{run['requests']:,}", f"GraphQL {run['graphql']:,} with {run['points']:,} points; {run['unchanged']:,} not modified; {run['refused']} refused")
        most = (f"{number:,} {operation}" for operation, number in collections.Counter(run["operations"]).most_common(4))
        line("  most of them", "", ", ".join(most))
        line("  peak memory", f"{run['memory'] / 1e6:.1f} MB", f"aim: {MEMORY_MB} MB; the state has {path.stat().st_size / 1e6:.1f} MB")
        if run["memory"] > MEMORY_MB * 1e6:
            problems.append(f"{name}, {what} scan: {run['memory'] / 1e6:.0f} MB of memory, and {MEMORY_MB} are aimed at")
        # What an hour later is not held against it.
        served.clock.advance(served.limits.minute + 1)
    first, second = runs
    line("  fewer requests that count, in the second", f"{1 - second['counted'] / first['counted']:.0%}", f"aim: {FEWER:.0%}; {second['counted']:,} instead of {first['counted']:,}")
    if first["requests"] > REQUESTS:
        problems.append(f"{name}: {first['requests']:,} requests, and {REQUESTS:,} are aimed at")
    if first["seconds"] > TIMES * first["allowed"][0]:
        problems.append(f"{name}: {first['seconds'] / first['allowed'][0]:.2f} times as long as the limits allow, and {TIMES} are aimed at")
    if second["counted"] > (1 - FEWER) * first["counted"]:
        problems.append(f"{name}: the second scan makes {1 - second['counted'] / first['counted']:.0%} fewer requests that count, and {FEWER:.0%} are aimed at")
    return problems


def counted(types, state):
    """How many instances there are, and how many requests the provider makes for them."""
    held = collections.Counter(resource["type"] for resource in state["resources"] for _ in resource["instances"])
    return sum(held.values()), sum(types[name] * number for name, number in held.items())


def measure(args, folder, line):
    """Prints a line for each measure; gives what is worse than aimed at."""
    world = organisation()
    state, as_a_whole = state_of(world, "acme", list(TYPES)), state_of(world, "acme", list(AS_A_WHOLE))
    instances, alone = counted(TYPES, state)
    line("the organisation", f"{SIZE['repositories']:,} repositories", f"{SIZE['teams']} teams, {SIZE['members']} members; {instances:,} instances in the state")
    line("one request for each setting", f"{alone:,}", f"as the provider makes them: {alone / 900:.0f} minutes by the points of a minute, {alone / 5_000:.1f} hours by those of an hour")
    problems = []
    with ServedGitHub(folder / "github", world) as served:
        for name in ("personal token", "App", "access as a whole"):
            # Nobody has used up anything.
            served.serve(organisation())
            served.plan.add("latency", seconds=LATENCY)
            credential = served.world.install_app(EVERYTHING) if name == "App" else served.world.personal_token("acme-owner", OWNER)
            if name != "access as a whole":
                problems += one(args, folder / name.replace(" ", "-"), served, line, credential, name, state)
                continue
            # Nothing but REST tells invitations, one request a repository.
            run = scan_alone(args, folder / "whole", served, credential, as_a_whole)
            line("access managed as a whole: requests", f"{run['requests']:,}", f"github_repository_collaborators: {counted(AS_A_WHOLE, as_a_whole)[1]:,} as the provider makes them")
            line("  wall time", f"{run['seconds']:.1f} s", f"the limits allow it in {run['allowed'][0]:.1f} s, by {run['allowed'][1]}")
    return problems


def scan_alone(args, folder, served, credential, state):
    folder.mkdir()
    (folder / "state.tfstate").write_text(text(state))
    run = scan(args, Scanner(folder, served), served, credential, folder / "state.tfstate", folder)
    if run["code"] or run["summary"].get("in_sync") != len(addresses(state)):
        raise SystemExit(f"FAILED: exit {run['code']}, {run['summary']}, {run['errors']}")
    return run
