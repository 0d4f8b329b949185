"""What a fine-tuned model is worth, and whether it may replace what serves."""
