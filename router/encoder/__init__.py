"""The sentence encoder: exported once, tuned if asked for, run by onnxruntime."""
