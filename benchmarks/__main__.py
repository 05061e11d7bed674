"""Run it in a checkout with the package installed: python -m benchmarks [--quick] [--only PART …]"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks import table
from benchmarks.claims import claims
from benchmarks.loads import FULL, PARTS, QUICK, measure
from benchmarks.picture import picture
from benchmarks.sitting import Sitting

HERE = Path(__file__).parent


def main() -> None:
    """Measure; print and save the table and the picture."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and take the servers along
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description="How fast is it?")
    arguments.add_argument("--quick", action="store_true", help="less of everything, in two minutes")
    arguments.add_argument(
        "--only", nargs="+", choices=PARTS, metavar="PART", help=f"these parts: {', '.join(PARTS)}"
    )
    arguments.add_argument(
        "--out", type=Path, help="directory for the table, all runs in JSON, and the picture"
    )
    options = arguments.parse_args()
    scale = QUICK if options.quick else FULL
    out = (options.out or HERE / ("quick" if options.quick or options.only else "results")).absolute()
    out.mkdir(parents=True, exist_ok=True)
    # Not in /tmp: that may be memory, and the log on disk would be no slower there.
    with tempfile.TemporaryDirectory(dir=out, prefix="servers-") as home:
        sitting = Sitting(Path(home), lambda line: print(line, file=sys.stderr, flush=True))
        measure(sitting, scale, options.only or tuple(PARTS))
    found = list(claims(sitting.measured, scale))
    shown = table.text(sitting.measured, found)
    print(shown)
    (out / "results.txt").write_text(shown, "utf-8")
    (out / "results.json").write_text(table.document(sitting.measured, found, options.quick), "utf-8")
    (out / "results.svg").write_text(picture(sitting.measured, scale), "utf-8")


if __name__ == "__main__":
    main()
