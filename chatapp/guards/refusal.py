"""Has the model said that the text does not answer? Then not a word of it is shown."""


class RefusalGuard:
    """Holds the answer back for as long as it may become the refusal that fine-tuning taught.

    Invariants: what is released, with what is held, is what was fed; where `refused`, nothing was released; how the
    stream was cut changes nothing.
    """

    def __init__(self, refusal: str) -> None:
        """`refusal` is what the model was taught to say."""
        self._refusal = refusal
        self._held = ""
        self._passed = False

    @property
    def refused(self) -> bool:
        """Whether all that came so far is the refusal."""
        return not self._passed and self._held.strip() == self._refusal

    def feed(self, text: str) -> str:
        """Take the next piece and return what may go on."""
        if self._passed:
            return text
        self._held += text
        if self._refusal.startswith(self._held.strip()):
            return ""
        return self._pass()

    def finish(self) -> str:
        """The end of the answer: what was held and is no refusal."""
        return "" if self.refused else self._pass()

    def _pass(self) -> str:
        self._passed, held, self._held = True, self._held, ""
        return held
