"""The product's parts, put together from the settings."""
