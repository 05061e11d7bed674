"""What administrators find at the end of SSH: a prompt for commands, and one for Python."""
