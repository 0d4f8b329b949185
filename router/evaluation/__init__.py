"""How a router does on labelled messages."""
