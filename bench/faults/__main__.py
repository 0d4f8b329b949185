"""The command line of `python -m bench.faults`."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from bench import faults
from bench.faults import databases, kills, providers
from bench.faults.rows import Row, heads, report


def main() -> int:
    """Run one part; the exit status."""
    options = _options()
    rows = _part(options)
    if not options.json:
        heads()
    return report(rows, as_json=options.json)


def _part(options: argparse.Namespace) -> list[Row]:
    if options.part == "provider":
        os.environ |= providers.ENVIRONMENT
        return providers.measure(options.data_dir, options.only.split(",") if options.only else ())
    if options.part == "database":
        return databases.measure(options.data_dir, options.only.split(",") if options.only else ())
    return kills.measure(options.data_dir, options.kills, options.seed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=faults.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("provider", "database", "kills"))
    parser.add_argument("--only", default="", help="names of rows, separated by commas")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data-dir", type=Path, default=Path(tempfile.gettempdir()) / "firstline-bench")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
