"""`make chaos`: a storm as long as one likes.

usage: run.py [--faults N] [--records N] [--instances N] [--seed SEED]

Ten thousand faults take an hour or two, a thousand some minutes. Without a seed, one is drawn and printed: `make chaos SEED=...` sends the same stream and the same faults again.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from chaos.storm import Size, Storm  # noqa: E402
from support.cloud import Cloud  # noqa: E402
from support.emulator import Emulator  # noqa: E402

#: About how many calls there are for a record, collapsed ones counted in: by this the faults are spread over the stream.
CALLS_FOR_A_RECORD = 16


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--faults", type=int, default=10_000)
    arguments.add_argument("--records", type=int, default=0, help="five for each fault, unless said")
    arguments.add_argument("--instances", type=int, default=500)
    arguments.add_argument("--seed", default="")
    given = arguments.parse_args()
    seed, count = given.seed or secrets.token_hex(4), given.records or 5 * given.faults
    size = Size(given.faults, count, given.instances, states=8, per_thousand=1000 * given.faults / count / CALLS_FOR_A_RECORD)
    print(f"seed {seed}: {size.faults} faults over {size.records} records against {size.instances} instances", flush=True)
    with tempfile.TemporaryDirectory(prefix="driftwire-chaos-") as directory:
        cloud = Cloud(Path(directory) / "moto")
        emulators = [Emulator(Path(directory) / f"lambda-{at}") for at in range(3)]
        try:
            report = Storm(cloud, emulators, seed, size, tell=lambda said: print(said, flush=True)).run()
        finally:
            for emulator in emulators:
                emulator.stop()
            cloud.stop()
    print(report.table())
    if report.wrong:
        print(f"\nto see it again: make chaos FAULTS={size.faults} RECORDS={size.records} INSTANCES={size.instances} SEED={seed}", file=sys.stderr)
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
