"""Addresses and origins as operators write them and readers may see them."""
