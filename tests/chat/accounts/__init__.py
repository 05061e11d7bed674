"""Nicks that belong to somebody."""
