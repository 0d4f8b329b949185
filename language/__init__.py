"""What the product knows of the languages that people write in. A pack names its own."""
