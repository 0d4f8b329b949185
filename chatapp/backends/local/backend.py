"""The local model as a backend: one engine, one worker thread, one queue of calls."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

from chatapp.backends.base import ChatMessage, Request, Stage, Token, Usage
from chatapp.backends.local.engine import Abort, Engine, local_fault
from chatapp.backends.local.model import model_file
from chatapp.backends.pipe import Pipe
from chatapp.errors import FirstlineError, LocalModelError, ProviderError
from chatapp.settings import Settings
from localmodel.model_file import SHIPPED_FILE


class LocalBackend:
    """llama.cpp in this process.

    Calls are answered one at a time in the order in which their iteration began, whoever asked; so no two of
    them ever share a context. The file is loaded by `load`, or by the first call that needs it.
    """

    name = "local"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: Engine | None = None
        self._loading = threading.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="local-model")
        self.line: list[LocalStream] = []
        self.context_tokens: int = settings.local_context_tokens
        self.model: str = Path(settings.local_model).stem or Path(SHIPPED_FILE).stem

    def load(self) -> Engine:
        """Check the file, load it and return the engine; at once if that is done. Raises ModelFileError.

        Blocks, for about 0.3 s with the shipped model.
        """
        with self._loading:
            if self._engine is None:
                path = model_file(self._settings)
                self._engine = Engine(path, self.context_tokens, self._settings.local_threads)
            return self._engine

    def prepare(self, adapter: Path) -> None:
        """Load an adapter, so that the first call with it need not wait. Raises ModelFileError where it does not fit.

        Blocks until the calls before it are answered; other adapters and their calls are not touched.
        """
        self._worker.submit(lambda: self.load().use(adapter)).result()

    @property
    def waiting(self) -> int:
        """Calls that wait for the one being answered."""
        return max(0, len(self.line) - 1)

    def stream(self, request: Request) -> "LocalStream":
        """A call that takes its place in the queue when its iteration begins."""
        return LocalStream(self, self._worker, request)

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Exact, chat template included; loads the model if need be.

        Raises ModelFileError, LocalModelError.
        """
        return len(self.load().tokenize(messages))

    def cost_microusd(self, usage: Usage, seconds: float) -> int:  # noqa: ARG002 - the machine's time is what costs
        """`seconds` of compute (`LocalStream.compute_s`) at FIRSTLINE_LOCAL_HOURLY_USD, rounded up."""
        dollars = Decimal(str(seconds)) * Decimal(str(self._settings.local_hourly_usd)) / 3600
        return int((dollars * 1_000_000).to_integral_value(ROUND_CEILING))

    async def aclose(self) -> None:
        """End every call and free the model."""
        for stream in reversed(self.line):
            await stream.aclose()
        await asyncio.to_thread(self._worker.shutdown)
        with self._loading:
            if self._engine is not None:
                self._engine.close()
                self._engine = None


class LocalStream:
    """One call. `compute_s` is the time that it had the engine, without the wait in the queue."""

    stage = Stage.WHOLE
    lost: Sequence[Usage] = ()

    def __init__(self, backend: LocalBackend, worker: ThreadPoolExecutor, request: Request) -> None:
        self._backend = backend
        self._worker = worker
        self._request = request
        self._abort = Abort()
        self._pipe = Pipe()
        self._job: Future[None] | None = None
        self._left = asyncio.Event()
        self._prompt_tokens = self._warm_tokens = self._answer_tokens = 0
        self.compute_s = 0.0

    @property
    def usage(self) -> Usage:
        """Exact once the prompt has been read."""
        known = self._prompt_tokens > 0
        return Usage(self._prompt_tokens, self._answer_tokens, self._warm_tokens, estimated=not known)

    @property
    def place(self) -> int:
        """How many calls come before this one; 0 when it is being answered, or has been."""
        return self._backend.line.index(self) if self in self._backend.line else 0

    async def __aiter__(self) -> AsyncIterator[Token]:
        """Tokens of the answer. Raises ProviderContextError, LocalModelError."""
        self._join()
        try:
            async for token in self._pipe.read():
                yield token
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """End the call, also in the middle of the prompt, and return when the engine is free of it."""
        self._abort.set()
        if self._job is None or self._job.cancel():
            self._leave(None)
        await self._left.wait()

    def _join(self) -> None:
        if self._job is not None or self._abort.is_set:
            return
        post = asyncio.get_running_loop().call_soon_threadsafe
        try:
            self._job = self._worker.submit(self._work, post)
        except RuntimeError as error:
            self._leave(local_fault("The local model has been closed", error))
            return
        self._backend.line.append(self)

    def _leave(self, error: ProviderError | None) -> None:
        if self in self._backend.line:
            self._backend.line.remove(self)
        self._pipe.end(error)
        self._left.set()

    def _work(self, post: Callable[..., object]) -> None:
        """Answer on the worker's thread; every word and the end go through `post` to the event loop's."""
        error: ProviderError | None = None
        began = time.perf_counter()
        try:
            for token in self._tokens():
                post(self._pipe.put, token)
        except FirstlineError as known:
            error = known if isinstance(known, ProviderError) else LocalModelError(known.what, known.hint)
        except Exception as unknown:
            error = local_fault("The local model failed", unknown)
        self.compute_s = time.perf_counter() - began
        with contextlib.suppress(RuntimeError):  # the event loop is gone, and nobody waits
            post(self._leave, error)

    def _tokens(self) -> Iterator[Token]:
        engine, request = self._backend.load(), self._request
        prompt = engine.tokenize(request.messages)
        engine.use(request.adapter)
        self._warm_tokens = engine.prefill(prompt, self._abort)
        self._prompt_tokens = len(prompt)
        logprob = 0.0
        for token in engine.decode(request.max_tokens, request.temperature, request.seed, self._abort):
            self._answer_tokens += 1
            logprob += token.logprob or 0.0
            if token.text:
                yield Token(token.text, logprob)
                logprob = 0.0
