"""Train a router for a pack, calibrate its policy, and tune its encoder."""
