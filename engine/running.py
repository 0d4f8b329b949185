"""One answer in the making: what has been evaluated of it, and what a step adds."""

import codecs
from pathlib import Path

from engine.ask import Ending, Piece
from engine.call import Call
from engine.draft import Draft
from engine.runtime import Entry, Runtime
from engine.sampler import Sampler
from engine.stops import Stops
from localmodel.vocabulary import Vocabulary


class Running:
    """A call that has a sequence of its own.

    Invariant: the sequence holds exactly `tokens[:held]`, of which the prompt comes first; `tokens[held:]` are still to
    be evaluated. There is at least one of them, whose logits give the next token.
    """

    def __init__(self, call: Call, sequence: int, warm: int, draft: Draft, sampler: Sampler) -> None:
        """`warm` tokens of the prompt are in the sequence already."""
        self.call, self.sequence, self.held = call, sequence, warm
        self.tokens = list(call.ask.prompt)
        self.ending: Ending | None = None
        self._draft, self._sampler = draft, sampler
        self._stops = Stops(call.ask.stop)
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._planned: tuple[int, tuple[int, ...]] = (0, ())

    @property
    def adapter(self) -> Path | None:
        """What lies over the model for this answer."""
        return self.call.ask.adapter

    @property
    def left(self) -> int:
        """Tokens to be evaluated before the next one can be chosen."""
        return len(self.tokens) - self.held

    @property
    def speaking(self) -> bool:
        """Whether the prompt has been read."""
        return self.held >= len(self.call.ask.prompt)

    def plan(self, most: int) -> list[Entry]:
        """The next entries, at most `most`: what is left, and behind all of it a draft."""
        known = min(self.left, most)
        draft: tuple[int, ...] = ()
        if known == self.left:
            room = self.call.ask.max_tokens - self.call.answer_tokens - 1
            draft = self._draft.next(min(most - known, room))
        self._planned = known, draft
        wanted = self.held + self.left - 1
        tokens = (*self.tokens[self.held : self.held + known], *draft)
        return [
            Entry(token, self.held + at, self.sequence, self.held + at >= wanted) for at, token in enumerate(tokens)
        ]

    def take(self, first: int, runtime: Runtime, vocabulary: Vocabulary) -> list[Piece]:
        """What the batch has made of the plan, whose entries began at `first`; drafts that do not stand are cut off."""
        known, draft = self._planned
        if known < self.left:
            self.held += known
            return []
        self.held += known
        pieces, accepted = self._said(first + known - 1, draft, runtime, vocabulary)
        self.held += accepted
        if accepted < len(draft):
            runtime.cut(self.sequence, self.held)
        call = self.call
        call.passes, call.drafted, call.accepted = call.passes + 1, call.drafted + len(draft), call.accepted + accepted
        self._draft.verified(self.tokens[len(call.ask.prompt) :], len(draft), accepted)
        return pieces

    def _said(
        self, index: int, draft: tuple[int, ...], runtime: Runtime, vocabulary: Vocabulary
    ) -> tuple[list[Piece], int]:
        """The tokens chosen from entry `index` on, and how many of the draft they bear out."""
        pieces: list[Piece] = []
        for at in range(len(draft) + 1):
            token, logprob = self._sampler.choose(runtime.logits(index + at))
            if runtime.ends_answer(token):
                self.ending = Ending.WHOLE
                held = self._stops.finish()
                return [*pieces, *([Piece(token, held, logprob)] if held else [])], at
            pieces.append(self._piece(token, logprob, vocabulary))
            if self.ending or at == len(draft) or token != draft[at]:
                return pieces, at
        raise AssertionError("the last position is no position of the draft")

    def _piece(self, token: int, logprob: float, vocabulary: Vocabulary) -> Piece:
        self.tokens.append(token)
        self.call.answer_tokens += 1
        text = self._stops.feed(self._utf8.decode(vocabulary.piece(token)))
        if self._stops.stopped:
            self.ending = Ending.WHOLE
        elif self.call.answer_tokens >= self.call.ask.max_tokens:
            self.ending = Ending.LENGTH
            text += self._stops.finish()
        return Piece(token, text, logprob)

    def close(self) -> None:
        """Free what is its own."""
        self._sampler.close()
