"""The coverage-guided fuzzer; see `fuzz.__main__`."""
