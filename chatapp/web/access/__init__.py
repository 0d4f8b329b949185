"""Who may come in, from where, and as whom."""
