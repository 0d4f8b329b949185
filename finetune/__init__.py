"""Make the local model the deployment's own."""

from localmodel import quiet as quiet  # first of all: libraries read its variables when they are imported
