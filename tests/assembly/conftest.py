"""What the tests of the backends bring along."""

from tests.backends.conftest import random_adapter

__all__ = ["random_adapter"]
