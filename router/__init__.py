"""Where a message goes: a library of its own, without web, database or network."""

from localmodel import quiet as quiet  # first of all: libraries read its variables when they are imported
