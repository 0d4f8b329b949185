"""Keys that say what is not to be learnt, or not in this way, in a record, a message or a turn.

Files of other tools carry them, and a reader that passed over one would teach just what it warns of. So a mark is
honoured, and a key of another kind of training is refused by its name.
"""

from collections.abc import Collection, Mapping
from typing import Any

from finetune.data.problem import Code, shown
from finetune.data.readers.base import Unreadable

MARKS = ("train", "weight", "label", "loss", "kto_tag", "output_with_loss")
"""Of a whole record or of what the assistant says in one message: true or 1, learn it; false or 0, do not."""

_PREFERENCE = "a preference between answers"
_MEDIA = "pictures, sound or film"
_TOOLS = "calls of tools"
_THOUGHT = "a model's thoughts"
_PARTLY = "which part of an answer, or how much of it, is learnt"

UNLEARNABLE: Mapping[str, str] = {
    **dict.fromkeys(("chosen", "rejected", "preferred_output", "non_preferred_output", "ranking"), _PREFERENCE),
    **dict.fromkeys(("image", "images", "video", "videos", "audio", "audios"), _MEDIA),
    **dict.fromkeys(("tools", "tool_calls", "functions", "function_call"), _TOOLS),
    **dict.fromkeys(("reasoning", "reasoning_content", "thinking"), _THOUGHT),
    **dict.fromkeys(("train_detail", "loss_scale", "loss_weight", "need_eos_token", "refusal"), _PARTLY),
}
"""What a key holds that is not learnt from here. An empty one, as tables have them in every row, is none."""


def is_learnt(part: dict[str, Any], read: Collection[str] = ()) -> str | None:
    """None where the part is to be learnt, else the mark that says no, in words.

    `read` are the keys that the format itself reads. Raises Unreadable at a mark that is neither yes nor no, and at a
    key of another kind of training.
    """
    marks = [key for key in MARKS if key in part and key not in read]
    if no := [key for key in marks if not _yes(key, part[key])]:
        return f"{no[0]!r} is {part[no[0]]!r}"
    for key, what in UNLEARNABLE.items():
        if key in part and key not in read and not _empty(part[key]):
            raise Unreadable(
                f"{key!r}, which holds {what}, is not learnt from, and the rest would be learnt without it.",
                f"Remove the record, or the key {key!r} where the rest stands by itself.",
                Code.FORMAT,
            )
    return None


def _yes(key: str, value: object) -> bool:
    if value is None or (isinstance(value, (bool, int, float)) and value in (0, 1)):
        return value is None or bool(value)
    raise Unreadable(
        f"{key!r} is {shown(value)}: it says whether to learn this, and is neither true nor false.",
        f"Write true or false, or take the key {key!r} out, under another name if it means something else.",
    )


def _empty(value: object) -> bool:
    """Whether nothing stands there; a yes to what is not to be learnt is something, a no is nothing."""
    return value is None or value is False or (isinstance(value, (str, list, dict)) and not value)
