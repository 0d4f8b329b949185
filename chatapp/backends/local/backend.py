"""The local model as a backend: one engine in this process, which answers many calls at once."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path

from chatapp.backends.base import ChatMessage, Request, Stage, Token, Usage, compute_microusd
from chatapp.backends.local.faults import as_local_fault, as_operators_error, as_provider_error
from chatapp.backends.local.model import model_file
from chatapp.backends.pipe import Pipe
from chatapp.errors import LocalModelError
from chatapp.settings import Settings
from engine import Ask, Call, Ending, Engine, EngineOptions, Piece, Sampling, State
from localmodel.errors import ExplainedError
from localmodel.model_file import SHIPPED_FILE


class LocalBackend:
    """llama.cpp in this process.

    Calls begin in the order in which their iteration did, whoever asked, several at once; no two of them ever share a
    sequence. The file is loaded by `load`, or by the first call that needs it.
    """

    name = "local"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: Engine | None = None
        self._loading = threading.Lock()
        self._closed = False
        self.streams: set[LocalStream] = set()
        self.context_tokens: int = settings.local_context_tokens
        self.model: str = Path(settings.local_model).stem or Path(SHIPPED_FILE).stem

    def load(self) -> Engine:
        """Check the file, load it and return the engine; at once if that is done. Raises ModelFileError.

        Blocks, for about 0.3 s with the shipped model.
        """
        with self._loading:
            if self._closed:
                raise LocalModelError("The local model has been closed.", "The server is being stopped.")
            if self._engine is None:
                path = model_file(self._settings)
                with as_operators_error():
                    self._engine = Engine(path, engine_options(self._settings))
            return self._engine

    @property
    def loaded(self) -> Engine | None:
        """The engine, once it is loaded and until it is closed."""
        return None if self._closed else self._engine

    @property
    def state(self) -> str:
        """What it is doing now, for `/healthz`."""
        return str(self._engine.state) if self._engine else str(State.READY)

    @property
    def restarts(self) -> int:
        """How often the engine has failed and started again, with nothing warm."""
        return self._engine.restarts if self._engine else 0

    def prepare(self, adapter: Path | None) -> None:
        """Have at hand what calls with this adapter need, or those with none.

        Blocks for a step of the engine, and for some seconds the first time; other adapters and their calls are not
        touched. Raises ModelFileError where it does not fit.
        """
        engine = self.load()
        with as_operators_error():
            engine.prepare(adapter)

    @property
    def waiting(self) -> int:
        """Calls that wait for a stream."""
        return len(self._engine.line) if self._engine else 0

    def stream(self, request: Request) -> "LocalStream":
        """A call that takes its place in the line when its iteration begins."""
        return LocalStream(self, request)

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Exact, chat template included; loads the model if need be.

        Raises ModelFileError, LocalModelError.
        """
        engine = self.load()
        with as_provider_error():
            return len(engine.tokenize(messages))

    def cost_microusd(self, usage: Usage, seconds: float) -> int:  # noqa: ARG002 - the machine's time is what costs
        """`seconds` of compute (`LocalStream.compute_s`) at FIRSTLINE_LOCAL_HOURLY_USD, rounded up."""
        return compute_microusd(self._settings.local_hourly_usd, seconds)

    def ask(self, engine: Engine, request: Request) -> Ask:
        """A request as the engine takes it. Raises EngineError."""
        prompt = engine.tokenize(request.messages)
        source, likely = engine.source(request.source)
        return Ask(
            prompt,
            request.max_tokens,
            source,
            Sampling(request.temperature, request.seed),
            adapter=request.adapter,
            timeout_s=self._settings.local_timeout_s,
            marks=engine.marks(prompt, request.alike),
            likely_tokens=likely,
        )

    def read_ahead(self, requests: Iterable[Request]) -> None:
        """Read what these have in common with later ones, whenever nobody asks. Raises LocalModelError, ModelFileError.

        Blocks while their tokens are counted.
        """
        engine = self.load()
        with as_provider_error():
            engine.read_ahead([self.ask(engine, request) for request in requests])

    async def aclose(self) -> None:
        """End every call and free the model."""
        self._closed = True
        await asyncio.gather(*(stream.aclose() for stream in list(self.streams)))
        await asyncio.to_thread(self._free)

    def _free(self) -> None:
        with self._loading:
            engine, self._engine = self._engine, None
        if engine:
            engine.close()


class LocalStream:
    """One call. `compute_s` is its share of the engine's time, without the wait in line."""

    lost: Sequence[Usage] = ()

    def __init__(self, backend: LocalBackend, request: Request) -> None:
        self._backend = backend
        self._request = request
        self._pipe = Pipe()
        self._call: Call | None = None
        self._engine: Engine | None = None
        self._begun = self._closed = False
        self._left = asyncio.Event()
        self.stage = Stage.WHOLE

    @property
    def usage(self) -> Usage:
        """Exact once the call has a stream of the engine."""
        call = self._call
        if call is None or not call.prompt_tokens:
            return Usage()
        return Usage(call.prompt_tokens, call.answer_tokens, call.warm_tokens, estimated=False)

    @property
    def compute_s(self) -> float:
        """Seconds of the engine's time."""
        return self._call.compute_s if self._call else 0.0

    @property
    def place(self) -> int:
        """How many calls come before this one, itself included; 0 when it is being answered, or has been."""
        if self._engine is None or self._call is None or self._left.is_set():
            return 0
        line = self._engine.line
        return line.index(self._call) + 1 if self._call in line else 0

    async def __aiter__(self) -> AsyncIterator[Token]:
        """Tokens of the answer, none once it has been closed. Raises a ProviderError."""
        if self._closed:
            return
        await self._join()
        try:
            async for token in self._pipe.read():
                yield token
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """End the call, and return when the engine is free of it."""
        self._closed = True
        if self._engine is not None and self._call is not None:
            self._engine.cancel(self._call)
        elif not self._begun:
            self._leave(None)
        await self._left.wait()

    async def _join(self) -> None:
        if self._begun:
            return
        self._begun = True
        self._backend.streams.add(self)
        try:
            engine = self._backend.loaded
            if engine is None:
                engine = await asyncio.to_thread(self._backend.load)
            if self._closed:
                self._leave(None)
                return
            self._call = engine.submit(
                self._backend.ask(engine, self._request), self._listener(), self._request.attended
            )
            self._engine = engine
        except BaseException as error:
            self._leave(None if self._closed else error)
            if not isinstance(error, Exception):
                raise

    def _listener(self) -> "_Posted":
        return _Posted(asyncio.get_running_loop(), self._pipe.put, self._ended)

    def _ended(self, ending: Ending, error: ExplainedError | None) -> None:
        if ending is Ending.LENGTH:
            self.stage = Stage.LENGTH
        self._leave(error)

    def _leave(self, error: BaseException | None) -> None:
        self._backend.streams.discard(self)
        self._pipe.end(as_local_fault("The local model failed", error) if error else None)
        self._left.set()


class _Posted:
    """Hears the engine on its thread, and tells the event loop's."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        put: Callable[[Token], None],
        end: Callable[[Ending, ExplainedError | None], None],
    ) -> None:
        self._loop, self._put, self._end = loop, put, end
        self._logprob = 0.0

    def heard(self, pieces: Sequence[Piece]) -> None:
        """Pass on what one step made. A token without a text counts for the next one that has some."""
        tokens = []
        for piece in pieces:
            self._logprob += piece.logprob
            if piece.text:
                tokens.append(Token(piece.text, self._logprob))
                self._logprob = 0.0
        self._post(lambda: [self._put(token) for token in tokens])

    def ended(self, ending: Ending, error: ExplainedError | None) -> None:
        """Pass on the end."""
        self._post(lambda: self._end(ending, error))

    def _post(self, work: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop is gone, and nobody waits
            self._loop.call_soon_threadsafe(work)


def engine_options(settings: Settings) -> EngineOptions:
    """The engine that these settings mean."""
    return EngineOptions(
        context_tokens=settings.local_context_tokens,
        streams=settings.local_streams,
        line=settings.local_line,
        cache_tokens=settings.local_cache_tokens,
        warm_bytes=settings.local_warm_mib * 2**20,
        batch_tokens=settings.local_batch_tokens,
        draft_tokens=settings.local_draft_tokens,
        threads=settings.local_threads,
        gpu_layers=settings.local_gpu_layers,
        flash_attention={"auto": None, "on": True, "off": False}[settings.local_flash_attention],
        cache_type=settings.local_cache_type,
        unpack_folder=settings.data_dir / "weights" if settings.local_unpack else None,
    )
