"""Where plugins come from: the disk of whoever uses Terraform, a registry when asked for; and how one is listed and staged."""

import hashlib
import json
import signal
import subprocess

import pytest

from support import plugins, terraform
from support.plugin_world import TEST, Registry, World, add_thing, executables, lay_out, lock_file, small_package, things
from support.processes import wait_until
from support.proxy import Proxy
from test_provider_reader import runs

BUCKET = "acme-artifacts"
#: What these tests do not run on.
ELSEWHERE = "solaris_amd64"


@pytest.fixture
def state() -> terraform.State:
    state = terraform.State()
    add_thing(state, "a")
    return state


@pytest.fixture
def world(command) -> World:
    return command.world(things({"a": {}}))


# On the disk


def in_the_working_directory(command) -> list[str]:
    lay_out(command.folder / "project/.terraform/providers")
    return ["--working-dir", str(command.folder / "project")]


def in_the_current_directory(command) -> list[str]:
    lay_out(command.work / ".terraform/providers")
    return []


def in_the_plugin_cache(command) -> list[str]:
    lay_out(command.folder / "plugin-cache")
    command.environment["TF_PLUGIN_CACHE_DIR"] = str(command.folder / "plugin-cache")
    return []


def in_the_implied_mirror(command) -> list[str]:
    lay_out(command.home / ".terraform.d/plugins")
    return []


def in_a_filesystem_mirror(command) -> list[str]:
    lay_out(command.folder / "company")
    command.configure_terraform(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{command.folder}/company"\n  }}\n}}\n')
    return []


def in_a_folder_that_is_named(command) -> list[str]:
    lay_out(command.folder / "named")
    return ["--provider-dir", str(command.folder / "named")]


def in_a_zip(command) -> list[str]:
    packed = command.folder / "named" / TEST / f"terraform-provider-test_1.0.0_{plugins.platform_name()}.zip"
    packed.parent.mkdir(parents=True)
    small_package(packed)
    return ["--provider-dir", str(command.folder / "named")]


PLACES = [
    in_a_folder_that_is_named,
    in_the_working_directory,
    in_the_current_directory,
    in_the_plugin_cache,
    in_the_implied_mirror,
    in_a_filesystem_mirror,
    in_a_zip,
]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__.replace("_", " "))
def test_a_plugin_is_found_where_terraform_keeps_it(command, world, state, place):
    report = command.check_elsewhere(state, *place(command))
    assert report.verdicts() == {"test_thing.a": ("in_sync", "provider")}
    assert report.errors == ""
    assert len(world.calls("ReadResource")) == 1


def test_the_first_place_that_has_a_version_counts(command, world, state):
    lay_out(command.home / ".terraform.d/plugins", script="exit 3")
    options = in_a_folder_that_is_named(command)
    assert command.check_elsewhere(state, *options).verdicts() == {"test_thing.a": ("in_sync", "provider")}
    _, message = command.check_elsewhere(state, code=1).reason("test_thing.a")
    assert "it ended with exit status: 3" in message


def test_a_broken_zip_costs_no_other_version_and_is_told(command, world, state):
    broken = command.mirror / TEST / f"terraform-provider-test_1.0.0_{plugins.platform_name()}.zip"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"no zip")
    [missing] = command.check(state).summary["missing_plugins"]
    assert f"{broken}: cannot be unpacked" in missing
    lay_out(command.mirror, version="1.1.0")
    assert command.check(state).verdicts() == {"test_thing.a": ("in_sync", "provider")}


# Which version


@pytest.fixture
def versions(command) -> dict[str, World]:
    """Two versions in a mirror: 1.0.0 has version 1 of the schema, and 2.0.0 has version 2, where things have grown."""
    worlds = command.folder / "worlds"
    worlds.mkdir()
    command.environment["DRIFTWIRE_TEST_WORLD"] = str(worlds)
    made = {}
    for version, schema_version, size in (("1.0.0", 1, 1), ("2.0.0", 2, 9)):
        executable = lay_out(command.mirror, version=version)
        made[version] = World(worlds / executable.with_suffix(".json").name, things({"a": {"size": size}}, version=schema_version))
    return made


def recorded_under(schema_version: int) -> terraform.State:
    state = terraform.State()
    add_thing(state, "a", schema_version=schema_version)
    return state


def test_without_a_lock_file_the_lowest_version_reads_that_knows_the_states_schema(command, versions):
    assert command.check(recorded_under(1)).verdicts() == {"test_thing.a": ("in_sync", "provider")}
    assert versions["2.0.0"].calls("start") == []
    assert command.check(recorded_under(2), code=2).verdicts() == {"test_thing.a": ("drifted", "provider")}
    kind, message = command.check(recorded_under(3), code=1).reason("test_thing.a")
    assert kind == "recorded" and "driftwire/test 2.0.0 knows up to 2" in message


def test_the_lock_file_chooses_the_version(command, versions):
    lock_file(command.work, "2.0.0")
    assert command.check(recorded_under(1), code=2).verdicts() == {"test_thing.a": ("drifted", "provider")}
    assert versions["1.0.0"].calls("start") == []

    lock_file(command.work, "3.0.0")
    report = command.check(recorded_under(1))
    assert report.reason("test_thing.a")[0] == "unsupported"
    assert "no plugin of registry.terraform.io/driftwire/test 3.0.0, which the lock file names, is on this disk" in report.summary["missing_plugins"][0]


# From a registry


@pytest.fixture
def registry(command):
    """A registry that Terraform's CLI configuration puts in the place of the public one."""
    with Registry(small_package(command.folder / f"terraform-provider-test_1.0.0_{plugins.platform_name()}.zip")) as registry:
        command.configure_terraform(registry.configuration)
        yield registry


def test_what_is_not_asked_for_is_not_fetched(command, world, registry, state):
    assert command.check_elsewhere(state).reason("test_thing.a")[0] == "unsupported"
    assert registry.asked == []


def test_a_plugin_is_fetched_once_and_found_in_the_cache_from_then_on(command, world, registry, state):
    for _ in range(2):
        assert command.check_elsewhere(state, "--download").verdicts() == {"test_thing.a": ("in_sync", "provider")}
        assert registry.downloads() == 1
    [listed] = json.loads(command.run("providers", "--json").stdout)["providers"]
    assert (listed["provider"], listed["version"]) == (TEST, "1.0.0")
    assert listed["found_in"].endswith(str(command.folder / "cache")), listed


def test_a_zip_with_another_checksum_is_never_started(command, world, registry, state):
    registry.damage()
    report = command.check_elsewhere(state, "--download", code=None)
    assert report.instances["test_thing.a"]["verdict"] == "unknown"
    [why] = report.summary["missing_plugins"]
    assert "the checksum of what 127.0.0.1" in why and registry.sha256 in why and "is not used" in why
    assert command.check_elsewhere(state).reason("test_thing.a")[0] == "unsupported", "nothing of it is in the cache"
    assert world.calls("start") == []


def test_what_the_lock_file_does_not_know_is_not_fetched(command, world, registry, state):
    lock_file(command.work, "1.0.0", "zh:" + "0" * 64)
    report = command.check_elsewhere(state, "--download", code=None)
    assert report.instances["test_thing.a"]["verdict"] == "unknown"
    assert "none of those that" in report.summary["missing_plugins"][0]
    assert world.calls("start") == []
    lock_file(command.work, "1.0.0", f"zh:{registry.sha256}")
    assert command.check_elsewhere(state, "--download").verdicts() == {"test_thing.a": ("in_sync", "provider")}


NOBODY = 'host "registry.terraform.io" {\n  services = {\n    "providers.v1" = "http://127.0.0.1:9/v1/providers"\n  }\n}\n'


def the_zip_is_damaged(command, registry) -> None:
    registry.damage()


def the_lock_file_knows_another(command, registry) -> None:
    lock_file(command.work, "1.0.0", "zh:" + "0" * 64)


def nobody_answers(command, registry) -> None:
    command.configure_terraform(NOBODY)


@pytest.mark.parametrize("trouble", [the_zip_is_damaged, the_lock_file_knows_another, nobody_answers], ids=lambda trouble: trouble.__name__.replace("_", " "))
def test_a_plugin_that_was_to_be_fetched_and_could_not_be_is_an_error(command, world, registry, state, trouble):
    trouble(command, registry)
    assert command.check_elsewhere(state, "--download", code=1).reason("test_thing.a")[0] == "error"


def test_a_plugin_that_could_not_be_fetched_is_told_with_the_cause(command, state):
    command.configure_terraform(NOBODY)
    [why] = command.check_elsewhere(state, "--download", code=None).summary["missing_plugins"]
    assert "refused" in why.lower()


def test_a_lock_file_that_cannot_be_read_is_an_error(command, world, state):
    lay_out(command.mirror)
    (command.work / ".terraform.lock.hcl").write_text("provider {")
    assert command.check(state, code=1).reason("test_thing.a")[0] != "unsupported"


# `driftwire providers`


def test_plugins_are_listed_with_what_they_are_and_where_they_were_found(command):
    command.world(things({}), protocol=5)
    lay_out(command.home / ".terraform.d/plugins")
    lay_out(command.mirror, "registry.terraform.io/acme/other", "2.1.0")
    listed = json.loads(command.run("providers", "--provider-dir", str(command.mirror), "--json").stdout)
    found = [(one["provider"], one["version"], one["protocol"], one["types"]) for one in listed["providers"]]
    assert found == [("registry.terraform.io/acme/other", "2.1.0", 5, 1), (TEST, "1.0.0", 5, 1)]
    assert [str(place) in one["found_in"] for one, place in zip(listed["providers"], (command.mirror, command.home))] == [True, True]
    assert any(str(command.mirror) in line and line.endswith("1 package") for line in listed["looked_in"])
    lines = command.run("providers", "--provider-dir", str(command.mirror)).stdout.splitlines()
    assert lines[0].split() == ["provider", "version", "protocol", "types", "found", "in"]
    assert [line.split()[:4] for line in lines[2:]] == [[one[0], one[1], "5", "1"] for one in found]


def test_a_plugin_that_cannot_be_used_is_told(command):
    command.world(things({}))
    lay_out(command.mirror)
    lay_out(command.mirror, "registry.terraform.io/acme/broken", script="exit 3")
    asked = ("providers", "--provider-dir", str(command.mirror))
    broken, fine = json.loads(command.run(*asked, "--json", code=1).stdout)["providers"]
    assert (broken["protocol"], broken["types"]) == (None, None) and "it ended with exit status: 3" in broken["why_not"]
    assert fine["types"] == 1 and "why_not" not in fine
    text = command.run(*asked, code=1).stdout
    assert "cannot be used:" in text and "acme/broken 1.0.0" in text and "it ended with exit status: 3" in text


def test_where_there_are_no_plugins_it_is_told_where_was_looked(command):
    text = command.run("providers").stdout
    assert text.startswith("no plugins. Looked in:\n")
    for place in (command.work / ".terraform/providers", command.home / ".terraform.d/plugins", command.folder / "cache"):
        assert str(place) in text
    listed = json.loads(command.run("providers", "--json").stdout)
    assert listed["providers"] == [] and len(listed["looked_in"]) == len(text.splitlines()) - 1


def test_a_broken_cli_configuration_is_a_warning(command):
    command.world(things({}))
    lay_out(command.mirror)
    command.configure_terraform('plugin_cache_dir = "/x"\nprovider_installation {\n')
    done = command.run("providers", "--provider-dir", str(command.mirror), "--json")
    assert len(json.loads(done.stdout)["providers"]) == 1
    assert f"warning: Terraform's CLI configuration {command.home}/.terraformrc, line " in done.stderr and "passed over" in done.stderr


def test_whoever_has_had_enough_of_listing_leaves_no_plugin_and_no_folder_behind(command):
    lay_out(command.mirror)
    world = command.world(things({}), schema={"hang": True})
    with command.started("providers", "--provider-dir", str(command.mirror), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        [asked] = wait_until("a question", lambda: world.calls("GetProviderSchema"))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        wait_until("the plugin to end", lambda: not runs(asked["pid"]), seconds=1.0, pause=0.02)
        assert (process.returncode, list(command.temporary.iterdir())) == (130, [])


# `driftwire providers stage`


@pytest.fixture
def staged(command, cloud):
    """A plugin that can be staged, and a bucket to put it into."""
    cloud.client("s3").create_bucket(Bucket=BUCKET)
    package = command.mirror / TEST / f"terraform-provider-test_1.0.0_{plugins.platform_name()}.zip"
    package.parent.mkdir(parents=True)
    small_package(package)
    return command


def stage(command, *options: str, code: int = 0, to: str = f"s3://{BUCKET}/plugins"):
    return command.run("providers", "stage", "driftwire/test", "--to", to, "--provider-dir", str(command.mirror), *options, code=code)


def keys(cloud) -> list[str]:
    return [held["Key"] for held in cloud.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_a_staged_plugin_is_what_the_printed_entry_says(staged, cloud):
    printed = json.loads(stage(staged, "--json").stdout)
    key = f"plugins/terraform-provider-test_1.0.0_{plugins.platform_name()}.zip"
    content = cloud.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    sha256 = hashlib.sha256(content).hexdigest()
    entry = f"{TEST} 1.0.0 s3://{BUCKET}/{key} sha256:{sha256}"
    assert printed == {
        "provider": TEST,
        "version": "1.0.0",
        "platform": plugins.platform_name(),
        "object": f"s3://{BUCKET}/{key}",
        "sha256": sha256,
        "entry": entry,
    }
    package = staged.folder / "staged.zip"
    package.write_bytes(content)
    assert executables(package) == ["terraform-provider-test_v1.0.0"]
    again = stage(staged).stdout
    assert again == f"DRIFTWIRE_PLUGINS={entry}\n", "the same plugin is the same zip"


def test_the_version_that_is_staged_is_the_one_asked_for_else_the_locked_else_the_newest(command, cloud):
    cloud.client("s3").create_bucket(Bucket=BUCKET)
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        lay_out(command.mirror, version=version, script=f"# {version}")
    assert json.loads(stage(command, "--json").stdout)["version"] == "1.2.0"
    assert json.loads(stage(command, "--json", "--version", "1.0.0").stdout)["version"] == "1.0.0"
    complaint = stage(command, "--version", "2.0.0", code=1).stderr
    assert f"{TEST} 2.0.0 is not on this disk" in complaint and "--download" in complaint and str(command.mirror) in complaint
    assert "\n  provider folder " in complaint, "a line for each place"


def test_what_the_lock_file_does_not_know_is_not_staged(staged, cloud):
    lock_file(staged.work, "1.0.0", "h1:" + "A" * 43 + "=")
    complaint = stage(staged, code=1).stderr
    assert "is not what was locked" in complaint and ".terraform.lock.hcl" in complaint
    assert keys(cloud) == []


def test_a_bucket_that_is_not_there_is_named(staged):
    complaint = stage(staged, to="s3://nowhere", code=1).stderr
    assert "s3://nowhere/terraform-provider-test_1.0.0" in complaint and "NoSuchBucket" in complaint
    assert "create" in complaint or "--to" in complaint, "what to do"


def test_a_bucket_that_may_not_be_written_is_told_with_the_action_to_allow(staged, cloud):
    with Proxy(cloud.endpoint) as proxy:
        proxy.deny("s3", "PUT *")
        staged.environment["AWS_ENDPOINT_URL"] = proxy.endpoint
        complaint = stage(staged, code=1).stderr
    assert f"s3://{BUCKET}/plugins/terraform-provider-test_1.0.0" in complaint and "s3:PutObject" in complaint
    assert keys(cloud) == []


def test_a_plugin_for_another_platform_is_only_ever_fetched(staged, cloud):
    complaint = stage(staged, "--platform", ELSEWHERE, code=1).stderr
    assert "--download" in complaint
    assert keys(cloud) == []

    name = f"terraform-provider-test_1.0.0_{ELSEWHERE}.zip"
    with Registry(small_package(staged.folder / name), platform=ELSEWHERE) as registry:
        staged.configure_terraform(registry.configuration)
        printed = json.loads(stage(staged, "--platform", ELSEWHERE, "--download", "--json").stdout)
        assert registry.downloads() == 1
    assert (printed["platform"], printed["object"]) == (ELSEWHERE, f"s3://{BUCKET}/plugins/{name}")
    assert keys(cloud) == [f"plugins/{name}"]


@pytest.mark.parametrize("there", [True, False], ids=["a folder", "a folder that is not there yet"])
def test_a_plugin_is_staged_to_a_folder_without_asking_any_cloud(staged, there):
    folder, file = staged.folder / "dist/plugins", f"terraform-provider-test_1.0.0_{plugins.platform_name()}.zip"
    if there:
        folder.mkdir(parents=True)
    with Proxy("http://127.0.0.1:9") as nobody:
        staged.environment["AWS_ENDPOINT_URL"] = nobody.endpoint
        printed = json.loads(stage(staged, "--json", to=str(folder) if there else f"{folder}/").stdout)
        said = stage(staged, to=f"{folder}/").stdout
        assert nobody.calls == []
    sha256 = hashlib.sha256((folder / file).read_bytes()).hexdigest()
    described = {"provider": TEST, "version": "1.0.0", "platform": plugins.platform_name()}
    assert printed == {**described, "object": str(folder / file), "sha256": sha256}, "the entry is of what a function can read"
    assert said == f"{folder / file} sha256:{sha256}\n"
    assert [path.name for path in folder.iterdir()] == [file]
    assert executables(folder / file) == ["terraform-provider-test_v1.0.0"]


@pytest.mark.parametrize("to", ["acme-artifacts/plugins", "s3://", "https://acme-artifacts/plugins/"])
def test_what_is_no_place_is_refused(staged, to):
    complaint = stage(staged, to=to, code=1).stderr
    assert "s3://BUCKET, s3://BUCKET/PREFIX or a folder is expected" in complaint
    assert not (staged.work / "acme-artifacts").exists()
