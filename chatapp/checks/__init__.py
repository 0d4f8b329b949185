"""The checks of `firstline doctor`, a file for each kind of part."""
