"""English."""

from collections.abc import Iterable, Iterator

from language.english.acts import ACTS
from language.english.contacts import CONTACTS
from language.english.names import introduced, own_name, repeated
from language.english.numbers import NUMBERS
from language.english.questions import QUESTIONS
from language.english.statements import STATEMENTS
from language.english.stem import stem
from language.english.words import CLAIMS, FOLLOW_UP, TALK, contraction
from language.protocol import Introduction


class English:
    """The first language of the product; one file a noun."""

    code = "en"
    follow_up = FOLLOW_UP
    questions = QUESTIONS
    ordinals = ("first", "second", "third")
    acts = ACTS
    claims = CLAIMS
    numbers = NUMBERS
    statements = STATEMENTS
    contacts = CONTACTS
    talk = TALK

    def stem(self, word: str) -> str:
        """See `language.english.stem`."""
        return stem(word)

    def contraction(self, word: str) -> tuple[str, ...]:
        """ "can't" is "can" and "not"; "it's" is "it"."""
        return contraction(word)

    def introduced(self, text: str) -> Iterator[Introduction]:
        """See `language.english.names`."""
        return introduced(text)

    def repeated(self, text: str, names: Iterable[str]) -> Iterator[tuple[int, int]]:
        """See `language.english.names`."""
        return repeated(text, names)

    def own_name(self, sentence: str) -> Introduction | None:
        """See `language.english.names`."""
        return own_name(sentence)


ENGLISH = English()
