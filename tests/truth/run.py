"""Holds Driftwire against what Terraform itself says has drifted.

Five questions, each with a level in `ratchet.json` that may rise and never fall:

check    `driftwire check --reader native` over every scenario, before and after each change: which (address, attribute)
         differences it reports, and whether it is silent where nothing drifted.
provider The same with `--reader provider`: through Terraform's own plugin. It is the native reader's referee: where both
         judge an instance and do not agree, and DISAGREE does not say why, that fails. Needs a plugin of hashicorp/aws: where
         Terraform keeps it, or in the folder that DRIFTWIRE_TEST_PROVIDER_DIR names; without one it is said to be skipped.
events   `driftwire explain --judge` with the recorded CloudTrail records alone: does it find the same drift without being
         told where to look?
records  `driftwire explain` without a cloud: which drifted instances the records name, at how many instances a record.
fleet    The same in one index of 50,000 instances, made by renaming the states of all scenarios.

The truth lies outside of the repository, in ../shared/truth; its README says how it was made, and its score.py what a
unit is. Where it is absent, nothing is measured and the exit code is 0.

usage: run.py [--only GLOB,GLOB] [--parts check,provider,events,records,fleet] [--details] [--update]

The binary is DRIFTWIRE_BIN_DIR's, the moto_server DRIFTWIRE_MOTO, unless options name others.
"""
import argparse
import collections
import concurrent.futures
import fnmatch
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHARED = pathlib.Path(os.environ.get("DRIFTWIRE_SHARED", ROOT.parent / "shared"))
RATCHET = HERE / "ratchet.json"
PARTS = ("check", "provider", "events", "records", "fleet")

# The types that the native reader must read.
NATIVE = """
aws_dynamodb_table aws_iam_role aws_iam_role_policy aws_instance aws_kms_key aws_lambda_function aws_route53_record
aws_s3_bucket aws_s3_bucket_policy aws_s3_bucket_public_access_block aws_s3_bucket_versioning aws_security_group
aws_security_group_rule aws_sqs_queue aws_vpc_security_group_egress_rule aws_vpc_security_group_ingress_rule
""".split()

# What `--only ci` stands for: every native type, in a few minutes.
BOUNDED = ("compute/worker_instances,data/dynamodb_flags,ec2net/sg_rules_legacy,ec2net/sg_rules_per_rule,ec2net/sg_web_inline,iam/task_role,"
           "lambda/stream_consumer,messaging/sqs_jobs,network-edge/route53_public,s3/app_bucket,security/kms_grants")

# Where the two readers may disagree: by type and attribute ("(deleted)" for an instance that is gone), and why.
DISAGREE = {}

# How many instances the fleet has.
FLEET = 50_000

# Differences of a thousandth of a percent are rounding, not regression.
SLACK = 0.005


def load_score():
    """The truth's own score.py as a module: its clouds, its units, its schema."""
    spec = importlib.util.spec_from_file_location("score", SHARED / "truth" / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Tally:
    """Hits, misses and false alarms by type, over (address, attribute)."""

    def __init__(self, score, schema):
        self.score, self.schema = score, schema
        self.counts = collections.defaultdict(collections.Counter)
        self.outside = collections.Counter()
        self.quiet = self.silent = 0
        self.details = []

    def add(self, where, truth, units, unsupported, quiet):
        for unit in sorted(truth | units):
            type_name = self.score.type_of(unit[0])
            kind = self.schema.kind(type_name, unit[1])
            if unit[0] in unsupported:
                self.outside[type_name] += 1
                continue
            what = "hit" if unit in truth & units else "miss" if unit in truth else "false"
            self.counts[type_name][kind, what] += 1
            if what != "hit":
                self.details.append(f"{what:5s} {kind:12s} {where}: {unit[0]} {unit[1]}")
        self.quiet += quiet
        self.silent += quiet and not units - truth

    def level(self):
        """What the ratchet holds of it: percentages on configurable attributes, over all and by type."""
        total = collections.Counter()
        types = {}
        for type_name, count in sorted(self.counts.items()):
            total.update(count)
            if any(kind == "configurable" for kind, _ in count):
                types[type_name] = shares(count)
        return {**shares(total), "quiet": percent(self.silent, self.quiet), "types": types}

    def show(self, title, details):
        print(f"\n{title}")
        print(f"  {'type':52s} {'precision':>9s} {'recall':>7s} {'hit':>5s} {'miss':>5s} {'false':>5s}   computed: hit miss false")
        total = collections.Counter()
        for type_name, count in sorted(self.counts.items()):
            total.update(count)
            print("  " + row(type_name, count))
        print("  " + row("all", total))
        print(f"  silent where nothing drifted: {self.silent} of {self.quiet}")
        if self.outside:
            listed = ", ".join(f"{name} ({number})" for name, number in sorted(self.outside.items()))
            print(f"  not read yet, {sum(self.outside.values())} units of {len(self.outside)} types: {listed}")
        if details:
            for line in self.details:
                print(f"  {line}")


def percent(part, whole):
    return round(100.0 * part / whole, 2) if whole else 100.0


def shares(count):
    hit, miss, false = (count["configurable", what] for what in ("hit", "miss", "false"))
    return {"precision": percent(hit, hit + false), "recall": percent(hit, hit + miss)}


def row(name, count):
    share = shares(count)
    numbers = " ".join(f"{count['configurable', what]:5d}" for what in ("hit", "miss", "false"))
    computed = " ".join(f"{count['computed', what]:4d}" for what in ("hit", "miss", "false"))
    return f"{name:52s} {share['precision']:9.2f} {share['recall']:7.2f} {numbers}            {computed}"


def environment(cloud):
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**env, "AWS_ENDPOINT_URL": cloud.url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def ask(driftwire, words, env=None):
    """What `driftwire ... --json` prints."""
    done = subprocess.run([str(driftwire), *map(str, words), "--json"], env=env, capture_output=True, text=True, timeout=300)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        raise RuntimeError(f"{words[0]}: exit {done.returncode}: {done.stdout[-200:]} {done.stderr[-500:]}") from None


class Clouds:
    """A moto server for each thread, all stopped at the end."""

    def __init__(self, score, server):
        self.score, self.server = score, server
        self.local, self.all = threading.local(), []

    def mine(self):
        if not hasattr(self.local, "cloud"):
            self.local.cloud = self.score.Cloud(str(self.server))
            self.all.append(self.local.cloud)
        return self.local.cloud

    def stop(self):
        for cloud in self.all:
            cloud.stop()


def look(args, score, clouds, folder):
    """Every change of one scenario: what is true, what `check` reports, what the records lead to."""
    cloud, state = clouds.mine(), folder / "terraform.tfstate"
    noise = score.expected(json.loads((folder / "baseline.json").read_text()))
    rows = []
    for change in [None, *sorted(path.name for path in (folder / "changes").iterdir())]:
        place = folder / "changes" / change if change else None
        row = {"where": f"{folder.parent.name}/{folder.name} {change or '(before)'}", "quiet": not change or change.startswith("noop_")}
        try:
            cloud.rebuild(folder / "apply.recording.gz", place and place / "change.recording.gz")
            row["truth"] = (score.expected(json.loads((place / "truth.json").read_text())["drift"]) if place else set()) - noise
            native = ask(args.driftwire, ["check", "--state", state, "--reader", "native"], environment(cloud))
            units, unknown = score.reported(native)
            row["check"] = units - noise
            row["unsupported"] = {address for address, kind in unknown if kind == "unsupported"}
            if "provider" in args.parts:
                words = ["check", "--state", state, "--reader", "provider", *args.provider_dir]
                provider = ask(args.driftwire, words, environment(cloud))
                units, unknown = score.reported(provider)
                row["provider"] = units - noise
                row["not told"] = sorted(f"{address} ({kind})" for address, kind in unknown)
                row["disagree"] = sorted(disagreement(native, provider))
            if place and "events" in args.parts:
                words = ["explain", place / "events.jsonl", "--state", state, "--judge", "--reader", "native"]
                answer = ask(args.driftwire, words, environment(cloud))
                instances = [instance for record in answer["records"] for instance in record["instances"]]
                row["events"] = score.reported({"instances": instances})[0] - noise
        except Exception as error:  # One scenario that cannot be measured is counted, and costs only itself.
            row["error"] = str(error)
        rows.append(row)
    print(".", end="", flush=True)
    return rows


def disagreement(native, provider):
    """(type, attribute, address, reader) of what one reader alone says of an instance, where both judged it. What nobody can configure
    is compared natively only as far as it matters, so that the plugin alone may tell of it."""
    def said(answer):
        told = {}
        for instance in answer["instances"]:
            if instance["verdict"] == "unknown":
                continue
            name = lambda difference: "tags" if difference["attribute"] == "tags_all" else difference["attribute"]  # noqa: E731
            configurable = {name(difference) for difference in instance["differences"] if not difference.get("computed")}
            configurable |= {"(deleted)"} if instance["verdict"] == "missing" else set()
            told[instance["address"], instance.get("deposed")] = (instance["type"], configurable, {name(one) for one in instance["differences"]})
        return told

    ours, theirs = said(native), said(provider)
    for name in ours.keys() & theirs.keys():
        (type_name, said_natively, _), (_, configurable, all_of_plugin) = ours[name], theirs[name]
        for reader, alone in (("native", said_natively - all_of_plugin - configurable), ("provider", configurable - said_natively)):
            for attribute in alone:
                if (type_name, attribute) not in DISAGREE:
                    yield type_name, attribute, name[0], reader


def plugin_dir(args):
    """How `driftwire` is told where the plugin of hashicorp/aws is; nothing where there is none."""
    folder = os.environ.get("DRIFTWIRE_TEST_PROVIDER_DIR")
    words = ["--provider-dir", folder] if folder else []
    found = ask(args.driftwire, ["providers", *words])["providers"]
    usable = [one for one in found if one["provider"] == "registry.terraform.io/hashicorp/aws" and not one.get("why_not")]
    return words if usable else None


def clouded(args, score, folders):
    """The parts that need a cloud: `check`, `provider` and `events`, each cloud built once for all."""
    schema, clouds = score.Schema(SHARED / "truth" / "provider-schema.json.gz"), Clouds(score, args.moto)
    check, provider, events, errors = Tally(score, schema), Tally(score, schema), Tally(score, schema), []
    try:
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            rows = [row for rows in pool.map(lambda folder: look(args, score, clouds, folder), folders) for row in rows]
    finally:
        clouds.stop()
    for row in rows:
        if "error" in row:
            errors.append(f"{row['where']}: {row['error']}")
            continue
        check.add(row["where"], row["truth"], row["check"], row["unsupported"], row["quiet"])
        if "provider" in row:
            provider.add(row["where"], row["truth"], row["provider"], set(), row["quiet"])
            errors += [f"{row['where']}: the provider reader could not tell: {name}" for name in row["not told"]]
            errors += [f"{row['where']}: {by} alone says {attribute} of {address} ({type_name})"
                       for type_name, attribute, address, by in row["disagree"]]
        if "events" in row:
            events.add(row["where"], row["truth"], row["events"], row["unsupported"], row["quiet"])
    levels = {}
    if "check" in args.parts:
        check.show("check: every instance", args.details)
        levels["check"] = check.level()
        unread = sorted(set(check.outside) & set(NATIVE))
        if unread:
            errors.append(f"not read natively: {' '.join(unread)}")
    if "provider" in args.parts:
        provider.show("provider: every instance, through Terraform's own plugin", args.details)
        levels["provider"] = provider.level()
    if "events" in args.parts:
        events.show("events: the records alone", args.details)
        levels["events"] = events.level()
    return levels, errors


def records(args):
    """Which drifted instances the records name, one state at a time: score.py's own measure."""
    words = [sys.executable, SHARED / "truth" / "score.py", "--records", "--driftwire", args.driftwire, "--truth", SHARED / "truth"]
    words += ["--only", args.globs, *(["--details"] if args.details else [])]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    print(f"\nrecords: one state at a time\n  {done.stdout.strip()}".replace("\n", "\n  ").replace("  records:", "records:"))
    found = re.search(r"records name ([\d.]+) % of \d+ drifted instances; ([\d.]+) instances a record, \d+ records, errors (\d+)", done.stdout)
    if not found:
        return {}, [f"records: {done.stderr[-500:]}"]
    errors = [] if found[3] == "0" else [f"records: {found[3]} errors"]
    return {"records": {"named": float(found[1]), "looked": float(found[2])}}, errors


def fleet(args):
    """The same in one index of many renamed copies of all states, in one process: `drift-engine`'s example `records`."""
    cargo = [os.environ.get("CARGO", "cargo"), "run", "--quiet", "--locked", "--package", "drift-engine", "--example", "records"]
    done = subprocess.run([*cargo, "--", str(SHARED / "truth"), str(FLEET)], cwd=ROOT, capture_output=True, text=True)
    line = next((line for line in done.stdout.splitlines() if line.startswith("among ")), "")
    print(f"\nfleet: one index for all\n  {line}")
    found = re.search(r"^among (\d+) instances: ([\d.]+) % of \d+ drifted instances named.* ([\d.]+) instances a record over \d+, median (\d+), p95 (\d+)", line)
    if not found:
        return {}, [f"fleet: exit {done.returncode}: {done.stdout[-200:]} {done.stderr[-500:]}"]
    return {"fleet": {"named": float(found[2]), "looked": float(found[3]), "median": int(found[4]), "p95": int(found[5])}}, []


# Where a smaller number is the better one.
SMALLER_IS_BETTER = {"looked", "median", "p95"}


def fallen(reached, held, path=""):
    """Where a level is below the one that was reached before."""
    for name, level in held.items():
        at, now = f"{path}{name}", reached.get(name)
        if isinstance(level, dict):
            yield from fallen(now or {}, level, f"{at}.")
        elif now is None:
            yield f"{at} was {level} and was not measured"
        elif now > level + SLACK if name in SMALLER_IS_BETTER else now < level - SLACK:
            yield f"{at} was {level} and is {now}"


def judge(args, levels, errors):
    """Compares with the ratchet, or raises it. Levels are kept by what was asked for."""
    ratchet = json.loads(RATCHET.read_text()) if RATCHET.exists() else {}
    held = {part: level for part, level in ratchet.get(args.only, {}).items() if part in args.parts}
    problems = [f"ERROR {error}" for error in errors] + [f"FALLEN {line}" for line in fallen(levels, held)]
    print()
    if args.update and not errors:
        ratchet[args.only] = {**ratchet.get(args.only, {}), **levels}
        RATCHET.write_text(json.dumps(ratchet, indent=2, sort_keys=True) + "\n")
        print(f"wrote {RATCHET.relative_to(ROOT)}")
        return 0
    if not held:
        print(f"no level is recorded for --only '{args.only}': --update records one")
    for problem in problems:
        print(problem)
    print("FAILED" if problems else "at or above every level reached before")
    return 1 if problems else 0


def main():
    parse = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    binaries = pathlib.Path(os.environ.get("DRIFTWIRE_BIN_DIR", ROOT / "target" / "debug"))
    parse.add_argument("--driftwire", type=pathlib.Path, default=binaries / "driftwire")
    parse.add_argument("--moto", type=pathlib.Path, default=os.environ.get("DRIFTWIRE_MOTO", ROOT / ".venv" / "bin" / "moto_server"))
    parse.add_argument("--only", default="*", help="scenarios by glob, several by comma: 's3/*,iam/*'; `ci` for a few that have every native type")
    parse.add_argument("--parts", default=",".join(PARTS), help=f"which of {','.join(PARTS)}")
    parse.add_argument("--jobs", type=int, default=2)
    parse.add_argument("--update", action="store_true", help="write the levels reached to ratchet.json")
    parse.add_argument("--details", action="store_true", help="print every miss and every false alarm")
    args = parse.parse_args()
    if not (SHARED / "truth" / "score.py").exists():
        print(f"skipped: {SHARED / 'truth'} is absent", file=sys.stderr)
        return 0
    args.parts = [part for part in args.parts.split(",") if part]
    if unknown := set(args.parts) - set(PARTS):
        parse.error(f"--parts: {', '.join(sorted(unknown))} is none of {', '.join(PARTS)}")
    if "provider" in args.parts:
        args.provider_dir = plugin_dir(args)
        if args.provider_dir is None:
            print("skipped: provider: no plugin of hashicorp/aws is found; DRIFTWIRE_TEST_PROVIDER_DIR may name a folder", file=sys.stderr)
            args.parts.remove("provider")
    args.globs = BOUNDED if args.only == "ci" else args.only
    args.driftwire = args.driftwire.resolve()
    score = load_score()
    folders = sorted(path.parent for path in (SHARED / "truth").glob("*/*/baseline.json")
                     if any(fnmatch.fnmatch(f"{path.parent.parent.name}/{path.parent.name}", glob) for glob in args.globs.split(",")))
    levels, errors = {}, []
    measures = [({"check", "provider", "events"}, lambda: clouded(args, score, folders)), ({"records"}, lambda: records(args)), ({"fleet"}, lambda: fleet(args))]
    for wanted, measure in measures:
        if wanted & set(args.parts):
            more, wrong = measure()
            levels.update(more)
            errors += wrong
    return judge(args, levels, errors)


if __name__ == "__main__":
    sys.exit(main())
