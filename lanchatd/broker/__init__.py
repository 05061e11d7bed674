"""Several daemons as one chat, on NATS JetStream: one stream, which each of them reads in the same order."""
