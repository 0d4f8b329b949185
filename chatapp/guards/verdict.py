"""What a guard found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ok`, or the `word` of the answer that failed the check and `why`, a plain sentence for the operator."""

    ok: bool = True
    word: str = ""
    why: str = ""


OK = Verdict()
