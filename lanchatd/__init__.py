"""lanchatd: the chat server for the people on one network."""

__version__ = "0.1.0"
