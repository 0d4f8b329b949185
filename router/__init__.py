"""Where a message goes: a library of its own, without web, database or network."""
