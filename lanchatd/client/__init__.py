"""The client: what people choose over `nc`, and what a script can use. Nothing of the server imports it."""
