"""What belongs to a socket, whoever speaks on it."""
