"""What can be told from a message's words alone: clean text, typing errors, questions, follow-ups."""
