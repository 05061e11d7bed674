"""What is told, as bytes: a format for each kind of reader."""
