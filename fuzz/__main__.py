"""Look for bytes that break the daemon, guided by which branches they reach: ``python -m fuzz [SECONDS]``.

Needs atheris (``pip install -e '.[test,fuzz]'``). What it finds is written to ``crash-…``, and
``python -m fuzz FILE`` plays one again; then it becomes an example in tests/test_generated.py. What it learns
is kept in ``.fuzz/`` for the next time.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["lanchatd"]):
    from fuzz.target import play, seeds

LEARNT = Path(".fuzz")


def main(arguments: list[str]) -> None:
    if arguments and Path(arguments[0]).is_file():
        play(Path(arguments[0]).read_bytes())
        print("nothing happened")
        return
    seconds = int(arguments[0]) if arguments else 300
    LEARNT.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds()):
        (LEARNT / f"seed-{number}").write_bytes(seed)
    atheris.Setup(
        [sys.argv[0], str(LEARNT), f"-max_total_time={seconds}", "-max_len=2048", "-timeout=5"], play
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
