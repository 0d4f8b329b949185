"""Two renderings of the same events: JSON objects for programs, HTML fragments for the page. Neither has logic."""

import asyncio
import json
from collections.abc import Sequence
from typing import Protocol

from chatapp.turn.events import (
    Delta,
    Escalated,
    Event,
    Failed,
    Finished,
    Joined,
    Notice,
    Queued,
    Reader,
    Routed,
    Started,
)
from chatapp.web.chat_page import ChatPage


class Rendering(Protocol):
    """How a socket tells what happens. `pause_s` is the least time between two batches of events."""

    pause_s: float

    async def opened(self, so_far: Sequence[Event]) -> list[str]:
        """The frames that a window needs when its socket opens; `so_far` are the running turn's events."""
        ...

    async def render(self, events: Sequence[Event]) -> list[str]:
        """The frames to send for these events, in order."""
        ...

    def failed(self, event: Failed) -> str:
        """The frame that says why a frame was not taken."""
        ...

    def taken(self, client_id: str) -> str:
        """The frame that says that the message sent under this id is stored."""
        ...


class JsonRendering:
    """One JSON object an event, with a `type` field. A window that opens in the middle gets the turn from its start."""

    pause_s = 0.0

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def opened(self, so_far: Sequence[Event]) -> list[str]:
        """The running turn's events so far."""
        return await self.render(so_far)

    async def render(self, events: Sequence[Event]) -> list[str]:
        """Every event but `Started`, which a program knows of: it sent the message."""
        frames = [self._frame(event) for event in events if not isinstance(event, Started)]
        return [frame for frame in frames if frame]

    def failed(self, event: Failed) -> str:
        """A `failed` event of turn 0."""
        return self._frame(event)

    def taken(self, client_id: str) -> str:
        """A `taken` frame, which is all that a message sent twice gets."""
        return json.dumps({"type": "taken", "client_id": client_id})

    def _frame(self, event: Event) -> str:
        told = event.as_json(self._reader)
        return json.dumps(told, ensure_ascii=False) if told else ""


class HtmlRendering:
    """Fragments that htmx swaps into the page by id. Words that come fast are sent together, 25 times a second."""

    pause_s = 0.04

    def __init__(self, page: ChatPage) -> None:
        self._page = page
        self._shown: set[int] = set()
        self._waiting: set[int] = set()

    async def opened(self, so_far: Sequence[Event]) -> list[str]:
        """The whole thread as it is now: after a lost connection nothing is missing and nothing is there twice."""
        self._waiting = {event.turn_id for event in so_far if isinstance(event, Queued)}
        return [await self._thread()]

    async def render(self, events: Sequence[Event]) -> list[str]:
        """A fragment for each event, and one for all the new words of the batch."""
        frames = [frame for event in events if (frame := await self._frame(event))]
        words = any(isinstance(event, Delta | Escalated | Routed | Notice) for event in events)
        if words and not isinstance(events[-1], Finished | Failed):
            frames.append(self._page.answer())
        return frames

    def failed(self, event: Failed) -> str:
        """Words at the composer; what was written there stays."""
        return self._page.trouble(f"{event.what} {event.hint}")

    def taken(self, client_id: str) -> str:
        """The composer may forget what it kept."""
        return self._page.taken(client_id)

    async def _frame(self, event: Event) -> str:
        match event:
            case Queued():
                self._waiting.add(event.turn_id)
                return await self._thread()
            case Started() if event.turn_id in self._waiting:  # it has its place in the thread already
                self._waiting.discard(event.turn_id)
                return await self._thread()
            case Joined():
                return await self._thread()
            case Started() if event.turn_id not in self._shown:
                html = self._page.started(event)
                if html:
                    self._shown.add(event.turn_id)
                return html
            case Notice():
                told = event.as_json(self._page.reader)
                return self._page.announce(told["text"]) if told else ""
            case Finished() | Failed():
                return await self._ended(event)
            case _:
                return ""

    async def _ended(self, event: Finished | Failed) -> str:
        """The turn as it ended; or the whole thread, if this window never saw it or an earlier answer is kept."""
        shown = await asyncio.to_thread(self._page.shows, event.turn_id)
        if shown and event.turn_id in self._shown:
            return await asyncio.to_thread(self._page.ended, event)
        return await self._thread(None if shown else event) + await asyncio.to_thread(self._page.after, event)

    async def _thread(self, gave_none: Finished | Failed | None = None) -> str:
        html, self._shown = await asyncio.to_thread(self._page.thread, gave_none)
        return html
