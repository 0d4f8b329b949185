"""What the templates are given: one frozen dataclass a thing shown, in its reader's words. They decide nothing."""
