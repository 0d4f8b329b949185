"""The product's own turn, asked held-out questions offline."""
