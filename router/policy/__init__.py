"""From scores to a route: thresholds, what they promise, and why a message went where it did."""
