"""The network around: this machine's addresses, who is announced there, and whether an address answers."""
