"""An SSH server that knows no chat: keys, logins, sessions, and what is bounded before a login."""
