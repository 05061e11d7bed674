"""The commands: what members type, and what administrators type, from the same rows."""
