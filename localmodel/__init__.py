"""The ground floor, shared by serving and training: errors, llama.cpp, model files, adapters, chat templates, prompts,
releases, and files that are written whole or not at all.

It imports nothing else of this project.
"""

from localmodel import quiet as quiet  # first of all: libraries read its variables when they are imported
