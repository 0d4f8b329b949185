"""What is asked of the engine, and what comes back."""

from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen, by llama.cpp's own samplers and in its own order.

    `temperature` 0 takes the likeliest. The other defaults are llama.cpp's; `repeat_penalty` 1 is none, and looks at
    the last `repeat_tokens` tokens of the answer.
    """

    temperature: float = 0.0
    seed: int = 0
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    repeat_tokens: int = 64

    @property
    def greedy(self) -> bool:
        """Whether each token is the likeliest of the model's own."""
        return self.temperature == 0 and self.repeat_penalty == 1


@dataclass(frozen=True, slots=True)
class Ask:
    """One answer to be made.

    `source` are the tokens of a text that the answer may repeat, such as the fact that it words. It makes the answer
    quicker and changes no token of it; drafts end at `likely_tokens`, about which length the answer will have, 0 where
    that is not known. `marks` are lengths of the prompt's beginnings that other prompts will have too,
    the shortest first; these are kept warm. `max_tokens` bounds the answer, `stop` are texts at which it ends and that
    are not part of it, `adapter` is the LoRA file over the model, `timeout_s` the longest time from asking to the end.
    """

    prompt: tuple[int, ...]
    max_tokens: int
    source: tuple[int, ...] = ()
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    adapter: Path | None = None
    timeout_s: float | None = None
    marks: tuple[int, ...] = ()
    likely_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """One token of an answer: its number, its text, "" where it only begins a character, and the natural logarithm of
    the probability that the model gave it, before temperature and penalties.
    """

    token: int
    text: str
    logprob: float


class Ending(Enum):
    """How an answer came to its end."""

    WHOLE = auto()
    """The model ended it, or a stop text."""
    LENGTH = auto()
    """It reached its longest length, or the end of the context."""
    CANCELLED = auto()
