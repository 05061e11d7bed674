"""How fast the daemon is, beside servers written in C: `python -m benchmarks` (README, How fast it is)."""
