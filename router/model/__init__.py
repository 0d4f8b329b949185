"""The trained part: from embeddings and letters to calibrated scores."""
