"""Reports to hand on: one HTML file each, which needs nothing else."""
