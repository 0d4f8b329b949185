"""A domain pack: everything that makes a deployment its owner's, read from one folder and checked."""
