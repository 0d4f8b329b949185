"""What the product knows of a language, below router, trainer and application. See docs/languages.md."""

from language.protocol import Language
from language.registry import language_of

__all__ = ["Language", "language_of"]
