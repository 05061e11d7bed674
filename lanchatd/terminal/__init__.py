"""A row being typed: keys, an editor, and how the row is painted. The client and the console share it."""
