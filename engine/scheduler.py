"""Who is answered when, and what each step evaluates. There is no thread here: a step is a function call.

A step takes in whoever may begin, and evaluates one batch: first what running answers need for their next token, with
their drafts, then prompts, in pieces where they are long, in the order of arrival. So no prompt keeps the others from
speaking for longer than a step, and a step is bounded by its tokens.

All answers of a batch have the same adapter over the model. A call with another one waits until those before it have
ended; nothing that runs is dropped.
"""

import time
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.ask import Ask, Ending, Piece
from engine.call import Call
from engine.draft import Draft
from engine.errors import DeadlineError, LineFullError
from engine.options import EngineOptions
from engine.running import Running
from engine.runtime import Entry, Runtime
from engine.sampler import Sampler
from engine.warm import Beginning, Warm, as_tokens, common
from localmodel.errors import BaseModelError, ExplainedError, ModelFileError
from localmodel.vocabulary import Vocabulary

PATIENCE_S = 20.0
"""So long a call that nobody attends lets those pass that somebody does."""


class Scheduler:
    """Calls in line, running answers, and the cache that they share. Not thread-safe.

    Invariants: the tokens of running answers never exceed the cache; whoever has been told the end of a call is told
    nothing more of it; a call that has ended holds no sequence, and what is kept of it lies outside the cache.
    """

    def __init__(self, runtime: Runtime, vocabulary: Vocabulary, options: EngineOptions) -> None:
        self._runtime, self._vocabulary, self._options = runtime, vocabulary, options
        self._free = list(range(options.streams))
        self._warm = Warm(options.warm_bytes)
        self._ahead: deque[Ask] = deque()
        self._asked: Path | None = None
        """The adapter of whoever asked last."""
        self.line: deque[Call] = deque()
        self.running: list[Running] = []

    @property
    def busy(self) -> bool:
        """Whether a step would do anything."""
        return bool(self.line or self.running or self._may_read)

    @property
    def warm_bytes(self) -> int:
        """Of the beginnings that are kept."""
        return self._warm.size_bytes

    @property
    def reading(self) -> bool:
        """Whether something is read ahead, or is to be."""
        return bool(self._ahead) or any(_ahead(running.call) for running in self.running)

    @property
    def _may_read(self) -> bool:
        return bool(self._ahead) and self._ahead[0].adapter == self._asked

    def join(self, call: Call) -> None:
        """Put a call at the end of the line. Raises LineFullError."""
        if len(self.line) >= self._options.line + self._options.streams - len(self.running):
            raise LineFullError(
                f"{len(self.line)} answers wait for the local model, and no more may.",
                "Raise FIRSTLINE_LOCAL_LINE, or serve the local model from more machines (FIRSTLINE_LOCAL_BASE_URL).",
            )
        self.line.append(call)

    def read_ahead(self, asks: Iterable[Ask]) -> None:
        """Whenever nobody asks, read these prompts, whose last mark is their end, in place of those named before.

        It rests where somebody asks with another adapter, and ends where what is kept would make room for it.
        """
        self._ahead = deque(asks)
        if self._ahead:
            self._asked = self._ahead[0].adapter

    def step(self) -> None:
        """One batch. Raises what llama.cpp's failure is; then nothing of the cache can be relied on."""
        self._leave()
        self._admit()
        planned, entries = self._plan()
        if not entries:
            return
        began = time.perf_counter()
        self._runtime.decode(entries)
        for running, first in planned:
            pieces = running.take(first, self._runtime, self._vocabulary)
            if pieces:
                running.call.say(pieces)
        self._share(planned, len(entries), time.perf_counter() - began)
        for running in [each for each in self.running if each.ending]:
            self._end(running)

    def fail(self, error: ExplainedError) -> None:
        """End every call with this error, and forget what the cache held: it is made anew."""
        calls = [*(running.call for running in self.running), *self.line]
        for running in self.running:
            running.close()
        self.running, self.line, self._ahead = [], deque(), deque()
        self._warm = Warm(self._options.warm_bytes)
        self._free = list(range(self._options.streams))
        for call in calls:
            call.end(Ending.CANCELLED, error)

    def _leave(self) -> None:
        """Let go of whoever was cancelled or is overdue."""
        for running in [each for each in self.running if each.call.cancelled or each.call.overdue]:
            running.ending = Ending.CANCELLED
            self._end(running)
        for call in [each for each in self.line if each.cancelled or each.overdue]:
            self.line.remove(call)
            call.end(Ending.CANCELLED, _late(call))

    def _admit(self) -> None:
        """Give sequences to those whose turn it is, as long as streams and cache allow."""
        while self.line and len(self.running) < self._options.streams:
            call = self._first()
            if self.running and self.running[0].adapter != call.ask.adapter:
                return
            if sum(running.call.needs for running in self.running) + call.needs > self._options.cells:
                return
            self._asked = call.ask.adapter
            self._begin(call)
            self.line.remove(call)  # last, so that whatever else fails is told to it too
        while self._may_read and not self.running:
            ask = self._ahead.popleft()
            if not self._is_warm(ask):
                self._begin(Call(ask, _Nobody()))

    def _first(self) -> Call:
        """The first in line whom somebody attends; one that nobody does only when it has been patient."""
        now = time.monotonic()
        attended = (call for call in self.line if call.attended() or now - call.began > PATIENCE_S)
        return next(attended, self.line[0])

    def _begin(self, call: Call) -> None:
        try:
            self._runtime.use(call.ask.adapter)
        except (BaseModelError, ModelFileError) as error:
            call.end(Ending.CANCELLED, error)
            return
        sequence = self._free.pop()
        call.prompt_tokens, call.warm_tokens = len(call.ask.prompt), self._warmed(call, sequence)
        longest = self._options.draft_tokens if self._runtime.forgets_parts else 0
        draft = Draft(call.ask.source, longest, call.ask.likely_tokens)
        sampler = Sampler(call.ask.sampling, self._runtime.vocabulary_size)
        self.running.append(Running(call, sequence, call.warm_tokens, draft, sampler))

    def _warmed(self, call: Call, sequence: int) -> int:
        """Take over what there is of the prompt's beginning, and return how many tokens that is.

        From another answer's sequence if that has as much, because then the cache holds it once. One token at least is
        evaluated anew, for its logits.
        """
        if not self._runtime.forgets_parts:
            return 0
        prompt = as_tokens(call.ask.prompt[:-1])
        beginning = self._warm.best(prompt, call.ask.adapter)
        kept = len(beginning.tokens) if beginning else 0
        alike, source = max(
            ((common(running.tokens[: running.held], prompt), running.sequence) for running in self.running),
            default=(0, 0),
        )
        if alike and alike >= kept and not self._runtime.slides:
            self._runtime.copy(source, sequence, alike)
            return alike
        if beginning:
            self._runtime.load([part.state for part in beginning.parts], sequence)
        return kept

    def _is_warm(self, ask: Ask) -> bool:
        beginning = self._warm.best(as_tokens(ask.prompt), ask.adapter)
        return beginning is not None and len(beginning.tokens) == len(ask.prompt)

    def _keep(self, running: Running) -> None:
        """Keep the marked beginnings that are not kept yet."""
        for mark in running.call.ask.marks if self._options.warm_bytes else ():
            tokens = as_tokens(running.tokens[:mark])
            before = self._warm.best(tokens, running.adapter)
            begin = len(before.tokens) if before else 0
            if begin < mark <= running.held:
                state = self._runtime.save(running.sequence, begin, mark)
                full = self._warm.keep(Beginning(tokens, state, running.adapter, before))
                if full and _ahead(running.call):
                    self._ahead.clear()

    def _plan(self) -> tuple[list[tuple[Running, int]], list[Entry]]:
        """What each running answer evaluates, with the place of its first entry, and all entries."""
        planned: list[tuple[Running, int]] = []
        entries: list[Entry] = []
        speaking = [running for running in self.running if running.speaking]
        reading = [running for running in self.running if not running.speaking]
        for at, running in enumerate((*speaking, *reading)):
            free = self._options.batch_tokens - len(entries)
            behind = max(0, len(speaking) - at - 1)  # each of those needs one token at least
            if free:
                planned.append((running, len(entries)))
                entries += running.plan(max(1, free - behind))
        return planned, entries

    def _share(self, planned: Iterable[tuple[Running, int]], size: int, seconds: float) -> None:
        """Book the step's time on those who had a part in it."""
        shares = list(planned)
        ends = [first for _, first in shares[1:]] + [size]
        for (running, first), end in zip(shares, ends, strict=True):
            running.call.compute_s += seconds * (end - first) / size

    def _end(self, running: Running) -> None:
        """Free an answer's sequence, and only then tell its end."""
        running.close()
        if self._runtime.forgets_parts:
            self._keep(running)
        self._runtime.cut(running.sequence, 0)
        self._free.append(running.sequence)
        self.running.remove(running)
        ending = running.ending or Ending.WHOLE
        running.call.end(ending, _late(running.call) if ending is Ending.CANCELLED else None)


def _ahead(call: Call) -> bool:
    return isinstance(call.listener, _Nobody)


class _Nobody:
    """Listens to what is read ahead."""

    def heard(self, _pieces: Sequence[Piece]) -> None:
        pass

    def ended(self, _ending: Ending, _error: ExplainedError | None) -> None:
        pass


def _late(call: Call) -> DeadlineError | None:
    """Why the engine ended a call whose caller had not."""
    if call.cancelled or not call.overdue:
        return None
    return DeadlineError(
        f"The local model did not answer within {call.ask.timeout_s:g} s.",
        "Too many ask at once, or the machine is too busy: give it more processors, raise FIRSTLINE_LOCAL_TIMEOUT_S, "
        "or serve the local model from more machines (FIRSTLINE_LOCAL_BASE_URL).",
    )
