"""The daemon around the chat: start, stop, signals, systemd, the journal."""
