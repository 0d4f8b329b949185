"""Who answers: the local model, a cloud server, or the shipped fake. `base` is what all three keep to."""
