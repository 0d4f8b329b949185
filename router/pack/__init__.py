"""A domain pack: all the data of one deployment, read from one folder and checked."""
