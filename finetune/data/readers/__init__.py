"""The formats that training data come in, one reader each. See docs/training-data.md."""

from typing import Any

from finetune.data.readers.base import Read, Reader, Unreadable
from finetune.data.readers.chat import OPENAI_ROLES, SHAREGPT_ROLES, ChatReader
from finetune.data.readers.grounded import GroundedReader
from finetune.data.readers.inputs import InputsReader
from finetune.data.readers.instruction import InstructionReader
from router.pack.load import Pack

__all__ = ["ChatReader", "InstructionReader", "Read", "Reader", "Unreadable", "readers", "recognised"]


def readers(pack: Pack | None) -> dict[str, Reader]:
    """Every reader by its name, in the order in which a record is held against them."""
    known: tuple[Reader, ...] = (
        GroundedReader(pack),
        InputsReader(),
        ChatReader("sharegpt", "conversations", "from", "value", SHAREGPT_ROLES, "system"),
        ChatReader("openai", "messages", "role", "content", OPENAI_ROLES),
        InstructionReader(),
    )
    return {reader.name: reader for reader in known}


def recognised(record: dict[str, Any], known: dict[str, Reader]) -> Reader | None:
    """The first reader that knows the record by its keys."""
    return next((reader for reader in known.values() if reader.recognises(record)), None)
