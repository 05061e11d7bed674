"""The rules: who is here, rooms and their logs, cursors, moderation. No Twisted, no socket."""
