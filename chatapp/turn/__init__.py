"""One turn, from a message to a stored answer."""
