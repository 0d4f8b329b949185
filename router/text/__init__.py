"""What a message's words say, before any model reads them."""
