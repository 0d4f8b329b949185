"""A run of fine-tuning, from its recipe to its adapter."""
