"""Measure a router on labelled messages."""
