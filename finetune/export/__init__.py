"""The variants of a run's model: merged and quantised files, and PyTorch's answers to check them against."""
