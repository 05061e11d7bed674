"""How fast the daemon is, beside servers written in C: `python -m benchmarks` (docs/performance.md)."""
