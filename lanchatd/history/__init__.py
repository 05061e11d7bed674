"""Where what was said is kept: in memory, or on disk."""
