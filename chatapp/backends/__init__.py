"""Who answers: the local model, a cloud server, or the shipped fake. All three implement the protocol in `base`."""
