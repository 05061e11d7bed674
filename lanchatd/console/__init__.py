"""The administrators' console: an SSH server with a prompt for commands, and one for Python."""
