"""Where text enters over HTTP: it is made storable once, here, and nothing behind it has to ask again."""

from typing import Annotated

from fastapi import Form
from pydantic import AfterValidator

from chatapp.characters import storable

Entry = Annotated[str, AfterValidator(storable)]
"""A part of the path or of the query."""

Field = Annotated[str, Form(), AfterValidator(storable)]
"""A field of a form, whose encoding the sender names."""
