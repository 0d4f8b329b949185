"""Does the approved text bear out every word of the answer? What it does not is never shown."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property, lru_cache

from chatapp.guards.support.clauses import Sentence, sentences
from chatapp.guards.support.entailed import borne_out
from chatapp.guards.support.lexicon import Lexicon, lexicon_of
from chatapp.guards.verdict import OK, Verdict
from language import Language

_ENDS = re.compile(r"(?:[.!?][\"')\]]*\s|\n)$")
_FINISHED = re.compile(r"[.!?:][\"')\]]*\s*$")


class SupportGuard:
    """Holds an answer against the approved text that it must say again, and lets pass what is borne out.

    A sentence of the answer passes when one sentence of the source says all of it: each content word, number (with
    its unit and limit, bound to the same thing), negation, condition and restriction, and no such thing of the
    clauses it draws on is left out. Words of the question count only where they name the thing bought.

    Invariants:
    - what is released is a prefix of what was fed, and each sentence or piece of it is borne out;
    - after a verdict that is not ok nothing more is released;
    - verdict and released text depend on the answer's text alone, not on how the stream was cut;
    - the source itself passes; a sentence said again does not.
    """

    def __init__(self, sources: str | Iterable[str], question: str = "", *, language: Language) -> None:
        """`language` is that of the sources; without rules for it nothing can be held against them."""
        texts = [sources] if isinstance(sources, str) else list(sources)
        self._lexicon, stem = lexicon_of(language), language.stem
        self._texts = [_source(text, self._lexicon) for text in texts]
        said = " ".join(word for text in self._texts for sentence in text for word in sentence.words)
        known = {stem(word) for word in said.split()}
        self._vocabulary = known | self._lexicon.quantity_stems
        asked = {stem(word) for sentence in sentences(question, self._lexicon) for word in sentence.words}
        self._harmless = frozenset(map(stem, language.claims.things)) & asked
        self._shown = self._held = ""
        self._said: Counter[tuple[str, ...]] = Counter()
        self.verdict: Verdict = OK

    @cached_property
    def by_word(self) -> bool:
        """Whether words pass one by one.

        Only where no later word can turn what the earlier ones say: a source without negation, condition or
        restriction, and with one number a sentence at most. Else sentences pass whole.
        """
        source = [sentence for text in self._texts for sentence in text]
        turned = any(clause.markers for sentence in source for clause in sentence.clauses)
        return not turned and all(len(sentence.quantities) <= 1 for sentence in source)

    def feed(self, text: str) -> str:
        """Take the next piece of the answer and return what may be shown now."""
        released = ""
        for char in text:
            if not self.verdict.ok:
                break
            self._held += char
            if char.isspace():
                released += self._pass(whole=bool(_ENDS.search(self._held)))
        return released

    def finish(self) -> str:
        """The end of the answer: what may still be shown. A sentence without its end does not pass."""
        if not self.verdict.ok or not self._held:
            return ""
        words = self._sentence(self._shown + self._held).words
        verbatim = any(words == source.words for text in self._texts for source in text)
        if not (self.by_word or verbatim or not words or _FINISHED.search(self._held)):
            self.verdict = Verdict(False, self._held.split()[-1], "The last sentence is not finished.")
            return ""
        return self._pass(whole=True)

    def _pass(self, *, whole: bool) -> str:
        """Judge the sentence as far as it has come, and release it if it may pass."""
        sentence = self._sentence(self._shown + self._held)
        flaw = self._judge(sentence) if whole or self.by_word else OK
        self.verdict = flaw if whole else self._stranger()
        if not (self.verdict.ok and flaw.ok and (whole or self.by_word)):
            return ""
        if whole:
            self._said[sentence.words] += 1
        released, self._held = self._held, ""
        self._shown = "" if whole else self._shown + released
        return released

    def _stranger(self) -> Verdict:
        """The newest word, if no sentence of the source knows it: then there is nothing to wait for."""
        newest = (self._shown + self._held).split()[-1:]
        said = " ".join(
            word for chunk in newest for word in self._sentence(chunk).words
        )  # a name may be of two: "drift 0"
        for word in filter(self._lexicon.is_content, said.split()):
            if self._lexicon.language.stem(word) not in self._vocabulary | self._harmless:
                return Verdict(False, word, f"{word!r} is not in the approved text.")
        return OK

    def _sentence(self, text: str) -> Sentence:
        return Sentence(text, self._lexicon)

    def _again(self, sentence: Sentence) -> Verdict:
        """A sentence said more often than the source says it: the model runs in circles."""
        times = sum(sentence.words == source.words for text in self._texts for source in text)
        if not sentence.words or self._said[sentence.words] < max(1, times):
            return OK
        return Verdict(False, sentence.words[-1], "The answer says the same sentence again.")

    def _judge(self, sentence: Sentence) -> Verdict:
        flaws = []
        for text in self._texts:
            for before, source in zip([None, *text], text, strict=False):
                flaw = borne_out(sentence, source, before, self._harmless)
                if flaw.ok:
                    return self._again(sentence)
                flaws.append((len(sentence.stems & source.stems), flaw))
        if not flaws:
            return OK if not sentence.words else Verdict(False, sentence.words[0], "There is no approved text.")
        return max(flaws, key=lambda pair: pair[0])[1]


@lru_cache(1024)
def _source(text: str, lexicon: Lexicon) -> tuple[Sentence, ...]:
    """An approved text taken apart, once for all the answers that are held against it."""
    return tuple(sentences(text, lexicon))
