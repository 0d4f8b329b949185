"""A run's adapter in the forms that it can be served in."""
