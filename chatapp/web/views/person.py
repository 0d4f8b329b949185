"""The way to a person, with telephone numbers and addresses as links.

The page puts it in English words, and its owner writes no order numbers there.
"""

from markupsafe import Markup

from chatapp.web.formatting.markdown import markdown
from language.english import ENGLISH


def person_line(contact: str) -> Markup:
    """Shown on every chat page, as a sentence of its own."""
    return markdown(contact[:1].upper() + contact[1:], ENGLISH)


def way_to_a_person(contact: str) -> Markup:
    """Shown under a message that neither model answered."""
    return markdown(f"A person can help: {contact}", ENGLISH)
