"""Other servers in place of the model in this process: a pool of them, as one backend."""
