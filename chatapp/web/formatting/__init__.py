"""Text as a page shows it."""
