"""Ways in: the first bytes of a connection choose who speaks on it."""
