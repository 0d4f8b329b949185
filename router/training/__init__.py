"""A pack and an encoder into an artefact, and what is tuned on the way."""
