"""The local model, in this process."""
