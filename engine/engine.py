"""The engine: a scheduler in a thread of its own, and calls from any other."""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from engine.ask import Ask, Ending, Piece
from engine.call import Call, Listener
from engine.capacity import check, plan
from engine.errors import ClosedError, ContextError, EngineFailedError
from engine.options import EngineOptions
from engine.runtime import Runtime
from engine.scheduler import Scheduler
from engine.warm import common
from engine.weights import WeightsAtHand
from localmodel.chat_template import Message
from localmodel.errors import ExplainedError
from localmodel.memory import available_memory
from localmodel.unpacked import slow
from localmodel.vocabulary import Vocabulary

log = logging.getLogger(__name__)

_PROMPTS = 1024
"""Prompts whose tokens are remembered: one is counted, written into the books and asked, all within milliseconds; and
what it has in common with others is a prompt too, for each text the same.
"""

_AGAIN_S = 5.0
"""After which an engine that could not start again is tried once more."""


class State(StrEnum):
    """What an engine is doing."""

    READY = "ready"
    STARTING = "starting again"
    FAILED = "failed"
    CLOSED = "closed"


class Engine:
    """One GGUF model, answering many calls at once.

    Every method may be called from any thread. Where llama.cpp or a step fails, the running and waiting calls end with
    EngineFailedError and the engine starts again with an empty cache.
    """

    def __init__(self, path: Path, options: EngineOptions | None = None) -> None:
        """Load the model, in 0.3 s for the shipped one. Raises ModelFileError, CapacityError and EngineFailedError."""
        options = self.options = options or EngineOptions()
        self.vocabulary = Vocabulary.open(path)
        try:
            self._weights = WeightsAtHand(path, options.unpack_folder if slow(self.metadata) else None)
            if not options.gpu_layers:  # what a GPU holds llama.cpp itself must judge
                size = self.vocabulary.llama.n_vocab()
                check(plan(self._weights.most_bytes, self.metadata, size, options), available_memory(), options)
            self._runtime = Runtime(path, options, self._weights.of)
        except BaseException:
            self.vocabulary.close()
            raise
        self._scheduler = Scheduler(self._runtime, self.vocabulary, options)
        self._tokens = lru_cache(_PROMPTS)(self._tokenized)
        self._coming: list[Call] = []  # posted, and not yet taken in
        self._jobs: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._reading = threading.Lock()  # the vocabulary, which is freed at the end
        self._failed_at, self._unread = 0.0, 0
        self.state, self.restarts = State.READY, 0
        self._thread = threading.Thread(target=self._run, name="local-model", daemon=True)
        self._thread.start()

    @property
    def metadata(self) -> dict[str, str]:
        """The file's own metadata."""
        return self.vocabulary.metadata

    @property
    def drafts(self) -> bool:
        """Whether answers are drafted and beginnings kept warm; not where a model's memory cannot take back a part."""
        return self._runtime.forgets_parts

    @property
    def warm_bytes(self) -> int:
        """What is kept of prompts' beginnings."""
        return self._scheduler.warm_bytes

    @property
    def reading(self) -> bool:
        """Whether there are texts that are being read ahead, or are to be."""
        return self._unread > 0 or self._scheduler.reading

    @property
    def line(self) -> list[Call]:
        """The calls that wait, the next first."""
        return [*self._scheduler.line, *self._coming]

    @property
    def running(self) -> int:
        """Answers that are being made."""
        return len(self._scheduler.running)

    def tokenize(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """The prompt of these messages in the model's own chat template, ready for the answer to follow.

        Text that spells one of the model's control tokens is split by a space, so that nobody can write a turn of
        somebody else. Raises EngineError.
        """
        return self._tokens(tuple(_Said(message.role, message.content) for message in messages))

    def source(self, text: str) -> tuple[tuple[int, ...], int]:
        """A text that an answer may repeat, as `Ask.source` and `Ask.likely_tokens` take it.

        Twice, one after the other: an answer that begins in the middle goes on from the end to the beginning.
        """
        text = text.strip()
        with self._reading:
            self._not_closed()
            once = self.vocabulary.plain_tokens(text)
            return (tuple(self.vocabulary.plain_tokens(f"{text} {text}")), len(once)) if text else ((), 0)

    def marks(self, prompt: Sequence[int], alike: Iterable[Sequence[Message]]) -> tuple[int, ...]:
        """How far a prompt begins like each of these others, as `Ask.marks` takes it. Raises EngineError."""
        return tuple(sorted({common(prompt[:-1], self.tokenize(messages)) for messages in alike} - {0}))

    def submit(self, ask: Ask, listener: Listener, attended: Callable[[], bool] = lambda: True) -> Call:
        """Put a call in line. Raises ContextError at once; the listener hears of every other failure.

        `attended` is asked, on the engine's thread, whether somebody waits for the answer at that moment.
        """
        if not ask.prompt or ask.max_tokens < 1:
            raise ContextError("There is nothing to answer.", "Give a prompt of a token at least, and room for one.")
        room = self.options.context_tokens - len(ask.prompt)
        if room <= 0:
            raise ContextError(
                f"The prompt has {len(ask.prompt)} tokens, the local model's context {self.options.context_tokens}.",
                "Raise FIRSTLINE_LOCAL_CONTEXT_TOKENS or lower FIRSTLINE_LOCAL_PROMPT_TOKENS.",
            )
        call = Call(replace(ask, max_tokens=min(ask.max_tokens, room)), listener, attended)
        self._coming.append(call)
        if not self._post(lambda: self._join(call)):
            self._coming.remove(call)
            call.end(Ending.CANCELLED, _closed())
        return call

    def cancel(self, call: Call) -> None:
        """End a call, within one step; its listener is told. Safe to repeat, and after its end."""
        call.cancelled = True
        self._post(lambda: None)

    def answer(self, ask: Ask) -> Iterator[Piece]:
        """The pieces of one answer, waited for. Raises EngineError."""
        heard: queue.SimpleQueue[Piece | ExplainedError | None] = queue.SimpleQueue()
        call = self.submit(ask, _Queue(heard))
        try:
            while isinstance(item := heard.get(), Piece):
                yield item
        finally:
            self.cancel(call)
        if item is not None:
            raise item

    def read_ahead(self, asks: Iterable[Ask]) -> None:
        """Whenever nobody asks, read the marked beginnings of these prompts, in place of those named before.

        Beginnings that do not fit into the context are left out.
        """
        read = [
            replace(ask, prompt=ask.prompt[: ask.marks[-1]], max_tokens=1, source=())
            for ask in asks
            if ask.marks and ask.marks[-1] < self.options.context_tokens
        ]
        self._unread += 1

        def work() -> None:
            self._scheduler.read_ahead(read if self.drafts and self.options.warm_bytes else [])
            self._unread -= 1

        self._post(work)

    def prepare(self, adapter: Path | None) -> None:
        """Have all at hand that an answer with this adapter needs; what runs and waits is answered meanwhile.

        Blocks for a step, and for some seconds where weights are made. Raises BaseModelError where it does not fit.
        """
        weights = self._weights.made(adapter)
        model = self._runtime.loaded(weights.path)
        done: Future[None] = Future()

        def work() -> None:
            try:
                self._runtime.prepare(weights, model)
                if not self._scheduler.running:
                    self._runtime.use(adapter)
            except EngineFailedError as error:
                done.set_exception(error)
                raise
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(None)

        if not self._post(work):
            self._runtime.free(model)
            raise _closed()
        done.result()

    def close(self) -> None:
        """End every call, free the model and wait for the thread. Safe to repeat."""
        with self._changed:
            closing, self.state = self.state is not State.CLOSED, State.CLOSED
            self._changed.notify()
        self._thread.join()
        if closing:
            self._runtime.close()
            with self._reading:
                self.vocabulary.close()

    def _not_closed(self) -> None:
        if self.state is State.CLOSED:
            raise _closed()

    def _tokenized(self, messages: tuple["_Said", ...]) -> tuple[int, ...]:
        try:
            with self._reading:
                self._not_closed()
                return tuple(self.vocabulary.tokens(self.vocabulary.prompt(messages)))
        except ClosedError:
            raise
        except Exception as error:
            raise failed("The model's chat template failed", error) from error

    def _post(self, job: Callable[[], None]) -> bool:
        """Have the engine's thread do something between two steps. False where the engine has been closed."""
        with self._changed:
            if self.state is State.CLOSED:
                return False
            self._jobs.append(job)
            self._changed.notify()
            return True

    def _join(self, call: Call) -> None:
        self._coming.remove(call)
        try:
            if self.state is State.FAILED:
                self._start_again()
            self._scheduler.join(call)
        except ExplainedError as error:
            call.end(Ending.CANCELLED, error)

    def _run(self) -> None:
        while self.state is not State.CLOSED:
            try:
                self._wait()
                if self.state is not State.FAILED:
                    self._scheduler.step()
            except BaseException as error:  # whatever it is: without this thread nobody would be answered, or told
                log.exception("a step of the local model failed")
                self._recover(error)
        self._take_in()
        self._scheduler.fail(_closed())

    def _recover(self, error: BaseException) -> None:
        self._failed_at = 0.0
        try:
            self._scheduler.fail(failed("The local model failed", error))
            self._start_again()
        except BaseException:
            log.exception("the local model could not be started again")
            self._set(State.FAILED)

    def _wait(self) -> None:
        """Wait for something to do, and take in what was posted."""
        with self._changed:
            while not (self._jobs or self.state is State.CLOSED or self._can_step()):
                self._changed.wait()
        self._take_in()

    def _can_step(self) -> bool:
        return self._scheduler.busy and self.state is not State.FAILED

    def _take_in(self) -> None:
        while self._jobs:
            self._jobs.popleft()()

    def _start_again(self) -> None:
        if time.monotonic() - self._failed_at < _AGAIN_S:
            raise failed("The local model cannot be started again", RuntimeError("it is tried again in some seconds"))
        self._set(State.STARTING)
        try:
            self._runtime.restart()
        except Exception as error:
            self._failed_at = time.monotonic()
            self._set(State.FAILED)
            raise failed("The local model cannot be started again", error) from error
        self.restarts += 1
        self._set(State.READY)

    def _set(self, state: State) -> None:
        with self._changed:
            if self.state is not State.CLOSED:
                self.state = state


class _Said(NamedTuple):
    role: str
    content: str


class _Queue:
    """A listener for a caller that waits."""

    def __init__(self, heard: "queue.SimpleQueue[Piece | ExplainedError | None]") -> None:
        self._heard = heard

    def heard(self, pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            self._heard.put(piece)

    def ended(self, _ending: Ending, error: ExplainedError | None) -> None:
        self._heard.put(error)


def failed(what: str, error: BaseException) -> EngineFailedError:
    """`error` in the engine as an EngineFailedError; `what` says what was being done."""
    return EngineFailedError(
        f"{what}: {type(error).__name__} {str(error)!r}.",
        "Try again; if it stays, run `firstline doctor` and check the file of FIRSTLINE_LOCAL_MODEL.",
    )


def _closed() -> ClosedError:
    return ClosedError("The local model has been closed.", "The server is being stopped; ask again when it is up.")
