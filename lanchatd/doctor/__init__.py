"""`lanchat-doctor`: why somebody can't join, looked for on the server's machine or on the other one."""
