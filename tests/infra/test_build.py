"""`make build`, `make deploy` and `make destroy`, as far as they can be run without an hour of compiling or an AWS."""

import os
import re
import subprocess
import sys
import zipfile

import pytest

import build
import configuration
import deploy
from support.places import WORKSPACE
from support.worlds import ARCHITECTURE, PACKAGES

TOOLS = WORKSPACE / "infra/tools"


@pytest.fixture
def programs(tmp_path):
    """A folder in place of PATH; programs that are put there note how they were called."""
    folder = tmp_path / "programs"
    folder.mkdir()

    def add(name: str, script: str = "") -> None:
        (folder / name).write_text(f'#!/bin/sh\necho "{name} $@" >> {tmp_path}/calls\n{script}\n')
        (folder / name).chmod(0o755)

    add.path = f"{folder}:/usr/bin:/bin"
    add.calls = lambda: (tmp_path / "calls").read_text() if (tmp_path / "calls").exists() else ""
    return add


def run(tool: str, *arguments: str, path: str, **variables: str) -> subprocess.CompletedProcess:
    environment = {"PATH": path, "HOME": os.environ["HOME"], **variables}
    return subprocess.run([sys.executable, str(TOOLS / tool), *arguments], capture_output=True, text=True, env=environment, check=False)


def test_an_architecture_that_cannot_be_built_for_is_told_with_what_to_install_and_how_to_build_the_other(programs):
    programs("rustc", "echo /nowhere")
    done = run("build.py", "arm64", path=programs.path)
    assert done.returncode == 1
    assert "rustup target add aarch64-unknown-linux-gnu" in done.stderr
    assert "make build ARCH=x86_64" in done.stderr


def test_each_architecture_that_cannot_be_built_for_is_told(programs):
    programs("rustc", "echo /nowhere")
    done = run("build.py", path=programs.path)
    assert done.returncode == 1
    for target in build.TARGETS.values():
        assert f"rustup target add {target}" in done.stderr


def test_an_architecture_that_lambda_does_not_have_is_refused(programs):
    done = run("build.py", "riscv64", path=programs.path)
    assert done.returncode == 2 and "riscv64" in done.stderr and programs.calls() == ""


def test_the_same_program_makes_the_same_zip_whenever_it_was_built(tmp_path):
    packages = []
    for day in (1, 2):
        package = tmp_path / f"{day}.zip"
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr(zipfile.ZipInfo("bootstrap", (2026, 1, day, 0, 0, 0)), b"\x7fELF" * 1000)
        build.settle(package, tmp_path / f"{day}/bootstrap.zip")
        packages.append(tmp_path / f"{day}/bootstrap.zip")
    assert packages[0].read_bytes() == packages[1].read_bytes()
    with zipfile.ZipFile(packages[0]) as archive:
        [entry] = archive.infolist()
        assert (entry.filename, archive.read(entry)) == ("bootstrap", b"\x7fELF" * 1000)
        assert entry.external_attr >> 16 & 0o777 == 0o755, "Lambda has to be able to run it"


def test_every_function_is_built():
    assert build.functions() == sorted(folder.name for folder in (WORKSPACE / "functions").iterdir() if folder.is_dir())


def test_no_folder_of_this_machine_gets_into_what_is_built(monkeypatch):
    monkeypatch.setenv("CARGO_HOME", "/home/somebody/.cargo")
    monkeypatch.setenv("RUSTFLAGS", "-Ctarget-cpu=x86-64-v3")
    flags = build.rustflags().split()
    assert "--remap-path-prefix=/home/somebody/.cargo=/cargo" in flags and f"--remap-path-prefix={WORKSPACE}=/driftwire" in flags
    assert flags[0] == "-Ctarget-cpu=x86-64-v3"


CALL = 'module "driftwire" {{\n  source = "{module}"\n{argument}}}\n'


@pytest.fixture
def configured(tmp_path):
    def configure(argument: str = "", more: str = ""):
        source = os.path.relpath(WORKSPACE / "infra", tmp_path)
        (tmp_path / "main.tf").write_text(CALL.format(module=source if source.startswith(".") else f"./{source}", argument=argument) + more)
        configuration.read.cache_clear()
        return tmp_path

    return configure


VARIABLE = 'variable "cpu" {\n  type    = string\n  default = "x86_64"\n}\n'


def test_a_configuration_says_what_it_runs_on(configured, monkeypatch):
    assert deploy.architecture_of(configured()) == "arm64", "the module's default"
    assert deploy.architecture_of(configured('  architecture = "x86_64"\n')) == "x86_64"
    folder = configured("  architecture = var.cpu\n", VARIABLE)
    assert deploy.architecture_of(folder) == "x86_64"
    monkeypatch.setenv("TF_VAR_cpu", "arm64")
    assert deploy.architecture_of(folder) == "arm64"
    (folder / "terraform.tfvars").write_text('cpu = "x86_64"\n')
    assert deploy.architecture_of(folder) == "x86_64"


def test_what_only_terraform_knows_is_asked_for(configured):
    with pytest.raises(deploy.NotKnown, match="only Terraform knows"):
        deploy.architecture_of(configured('  architecture = lower("ARM64")\n'))
    with pytest.raises(deploy.NotKnown, match="0 times"):
        folder = configured()
        (folder / "main.tf").write_text("locals {}\n")
        configuration.read.cache_clear()
        deploy.architecture_of(folder)


def test_every_example_says_what_it_runs_on():
    for folder in (WORKSPACE / "infra/examples").iterdir():
        assert deploy.architecture_of(folder) in build.TARGETS


def test_destroying_is_terraforms_own_and_builds_nothing(programs, configured):
    programs("terraform")
    done = run("deploy.py", "destroy", str(configured()), path=programs.path)
    assert done.returncode == 0, done.stderr
    assert programs.calls().splitlines() == [f"terraform -chdir={configured()} init", f"terraform -chdir={configured()} destroy"]


def test_what_cannot_be_built_is_not_applied(programs, configured):
    programs("terraform")
    programs("rustc", "echo /nowhere")
    done = run("deploy.py", "apply", str(configured()), path=programs.path)
    assert done.returncode == 1 and "rustup target add aarch64-unknown-linux-gnu" in done.stderr
    assert "terraform" not in programs.calls()


def test_a_terraform_that_fails_ends_it(programs, configured):
    programs("terraform", "exit 3")
    done = run("deploy.py", "destroy", str(configured()), path=programs.path)
    assert done.returncode == 3 and len(programs.calls().splitlines()) == 1


@pytest.mark.parametrize("what", ["deploy", "destroy"])
def test_without_a_folder_the_examples_are_named(programs, what):
    done = run("deploy.py", {"deploy": "apply"}.get(what, what), path=programs.path)
    assert done.returncode == 1 and f"make {what} EXAMPLE=" in done.stderr and "single-account" in done.stderr


def test_a_folder_without_a_configuration_is_refused(programs, tmp_path):
    (tmp_path / "empty").mkdir()
    done = run("deploy.py", "apply", str(tmp_path / "empty"), path=programs.path)
    assert done.returncode == 1 and "has no *.tf" in done.stderr


def made(*arguments: str, **variables: str) -> str:
    """What make would run."""
    environment = {**os.environ, "MAKEFLAGS": "", **variables}
    return subprocess.run(["make", "--dry-run", *arguments], cwd=WORKSPACE, capture_output=True, text=True, env=environment, check=True).stdout


def test_make_hands_on_what_it_is_given():
    deployed = made("deploy", "EXAMPLE=provider-reader", "PROVIDER_VERSIONS=5.99.1 5.100.0", "ARCH=x86_64")
    assert 'deploy.py apply "infra/examples/provider-reader"' in deployed
    assert "--architecture x86_64 --provider-version 5.99.1 --provider-version 5.100.0" in deployed
    assert 'deploy.py destroy "/some/where else"' in made("destroy", "DIR=/some/where else")
    assert "build.py x86_64" in made("build", "ARCH=x86_64")
    assert "iam.py --check" in made("iam", "CHECK=1") and "--check" not in made("iam")


@pytest.mark.applies
def test_a_package_runs_on_lambdas_operating_system_and_tells_nothing_of_this_machine():
    for function in build.functions():
        with zipfile.ZipFile(PACKAGES / ARCHITECTURE / function / "bootstrap.zip") as archive:
            assert archive.namelist() == ["bootstrap"]
            program = archive.read("bootstrap")
        needed = {tuple(map(int, version.split(b"."))) for version in re.findall(rb"GLIBC_(\d+\.\d+)\0", program)}
        assert needed and max(needed) <= (2, 34), f"{function} needs a newer glibc than provided.al2023 has"
        assert str(WORKSPACE).encode() not in program and b"/.cargo/registry" not in program
