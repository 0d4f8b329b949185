"""The ground floor, shared by serving and training: model files, adapters, prompt forms, and files that appear whole.

It imports nothing else of this project.
"""

from localmodel import quiet as quiet  # first of all: libraries read its variables when they are imported
