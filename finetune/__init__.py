"""Make the local model the deployment's own."""
