"""The ground floor, shared by serving and training: errors, llama.cpp, model files, adapters, chat templates, prompts,
releases, and files that are written whole or not at all.

It imports nothing else of this project.
"""

from localmodel import openmp as openmp  # these two first of all: libraries read their variables when they are imported
from localmodel import quiet as quiet
