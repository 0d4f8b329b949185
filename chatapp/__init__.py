"""The Firstline chat application."""

__version__ = "0.1.0"
