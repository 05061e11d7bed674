"""Nicks that belong to somebody: who owns one, what proves it, and what its owner may do. Rules only."""
