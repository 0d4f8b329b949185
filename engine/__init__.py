"""The local model's engine: one GGUF model, one llama.cpp context, one thread, and many answers at once.

    from engine import Ask, Engine, EngineOptions

    engine = Engine(Path("model.gguf"), EngineOptions(context_tokens=2048))
    prompt = engine.tokenize([Message("user", "Where is my parcel?")])
    for piece in engine.answer(Ask(prompt, max_tokens=160)):
        print(piece.text, end="")

It knows nothing of asyncio, turns or money. `scheduler.py` decides what each step evaluates, `draft.py` what it guesses
of an answer, `warm.py` what it keeps, `runtime.py` alone speaks to llama.cpp, and `engine.py` runs them in a thread.
docs/local-engine.md says why it is built so.
"""

from engine.ask import Ask, Ending, Piece, Sampling
from engine.call import Call, Listener
from engine.engine import Engine, State
from engine.errors import (
    CapacityError,
    ClosedError,
    ContextError,
    DeadlineError,
    EngineError,
    EngineFailedError,
    LineFullError,
)
from engine.options import EngineOptions

__all__ = [
    "Ask",
    "Call",
    "CapacityError",
    "ClosedError",
    "ContextError",
    "DeadlineError",
    "Ending",
    "Engine",
    "EngineError",
    "EngineFailedError",
    "EngineOptions",
    "LineFullError",
    "Listener",
    "Piece",
    "Sampling",
    "State",
]
