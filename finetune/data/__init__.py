"""Training data: read, checked, kept apart from what is measured on."""
