#!/usr/bin/env python3
"""Builds the functions for Lambda: dist/ARCHITECTURE/FUNCTION/bootstrap.zip.

usage: build.py [--dist FOLDER] [ARCHITECTURE ...]

ARCHITECTURE is arm64 or x86_64; without one, both. What can be built is built; exit status 1 says that one could not.
Built again in the same folder with the same toolchain, the same sources make the same bytes, so that a plan shows no change.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WORKSPACE = Path(__file__).resolve().parents[2]
#: Lambda's name of an architecture, and Rust's target of it.
TARGETS = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}
#: What provided.al2023 has. Zig links against this version of glibc, whatever the machine that builds has.
GLIBC = "2.34"
#: What every entry of every zip is dated: the first moment that a zip can hold.
MOMENT = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description="Builds the functions for Lambda.")
    parser.add_argument("architectures", nargs="*", choices=[[], *TARGETS], metavar="ARCHITECTURE")
    parser.add_argument("--dist", type=Path, default=WORKSPACE / "dist")
    given = parser.parse_args()
    failed = False
    for architecture in given.architectures or TARGETS:
        why_not = cannot(architecture) or built(architecture, given.dist)
        if why_not:
            failed = True
            [other] = set(TARGETS) - {architecture}
            print(f"{architecture}: {why_not}\n  To build the other architecture alone: make build ARCH={other}", file=sys.stderr)
        else:
            sizes(architecture, given.dist)
    sys.exit(failed)


def cannot(architecture: str) -> str | None:
    """Why this machine cannot build for an architecture, and what to install."""
    target = TARGETS[architecture]
    try:
        asked = subprocess.run(["rustc", "--print=target-libdir", f"--target={target}"], cwd=WORKSPACE, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        return "there is no Rust on this machine: see https://rustup.rs"
    except subprocess.CalledProcessError as error:
        return f"rustc does not know {target}: {error.stderr.strip()}"
    if not any(Path(asked.stdout.strip()).glob("libstd-*")):
        return f"Rust's standard library for {target} is not on this machine. To install it: rustup target add {target}"
    return None


def functions() -> list[str]:
    """The functions, each a package of its folder's name."""
    return sorted(manifest.parent.name for manifest in (WORKSPACE / "functions").glob("*/Cargo.toml"))


def built(architecture: str, dist: Path) -> str | None:
    """Builds an architecture's zips; says why where that fails."""
    tools = Path(sys.executable).parent
    dist.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=dist) as folder:
        command = [str(tools / "cargo-lambda"), "lambda", "build", "--locked", "--release", "--compiler", "cargo-zigbuild"]
        command += ["--target", f"{TARGETS[architecture]}.{GLIBC}", "--output-format", "zip", "--lambda-dir", folder]
        for function in functions():
            command += ["--package", function]
        # cargo-lambda finds Zig as the Python module `ziglang`, by the Python that comes first.
        environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "RUSTFLAGS": rustflags()}
        done = subprocess.run(command, cwd=WORKSPACE, env=environment, check=False)
        if done.returncode != 0:
            return f"cargo-lambda ended with {done.returncode}; it and Zig come with make venv"
        for function in functions():
            settle(Path(folder, function, "bootstrap.zip"), dist / architecture / function / "bootstrap.zip")
    return None


def rustflags() -> str:
    """Takes this machine's folders out of what is built, which stand in the messages of panics."""
    cargo_home = os.environ.get("CARGO_HOME") or str(Path.home() / ".cargo")
    folders = {cargo_home: "/cargo", str(WORKSPACE): "/driftwire"}
    given = os.environ.get("RUSTFLAGS", "")
    # Flags are separated by spaces, so that a folder with one in its name stays.
    remapped = [f"--remap-path-prefix={folder}={name}" for folder, name in folders.items() if " " not in folder]
    return " ".join([*given.split(), "-Cstrip=symbols", *remapped])


def settle(package: Path, to: Path) -> None:
    """Writes a zip anew without what differs from build to build: times and the order of entries. It is there whole or not at all."""
    with zipfile.ZipFile(package) as archive:
        held = {name: archive.read(name) for name in sorted(archive.namelist())}
    settled = package.with_suffix(".settled")
    with zipfile.ZipFile(settled, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in held.items():
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.create_system, entry.compress_type = 3, zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, content)
    to.parent.mkdir(parents=True, exist_ok=True)
    settled.replace(to)


def sizes(architecture: str, dist: Path) -> None:
    for function in functions():
        package = dist / architecture / function / "bootstrap.zip"
        content = package.read_bytes()
        with zipfile.ZipFile(package) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        digest = hashlib.sha256(content).hexdigest()
        print(f"{package}  {len(content) / 1e6:.1f} MB, unpacked {unpacked / 1e6:.1f} MB, sha256 {digest[:16]}")


if __name__ == "__main__":
    main()
