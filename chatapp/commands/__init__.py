"""What the command line's longer commands do. `chatapp/cli.py` says how they are called."""
