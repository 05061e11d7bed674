"""What may be written: clean text, names and their look-alikes, times, fingerprints."""
