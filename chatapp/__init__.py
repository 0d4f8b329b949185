"""The Firstline chat application."""

from localmodel import quiet as quiet  # first of all: libraries read its variables when they are imported

__version__ = "0.1.0"
