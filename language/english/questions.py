"""How a question begins in English, and how a pasted mail is known."""

import re

from language.protocol import QuestionForms

_AUXILIARY = "(?:can|could|do|does|did|is|are|am|will|would|should|may|have|has|was|were)"
_SUBJECT = (
    "(?:i|you|u|we|it|they|he|she|the|my|your|our|this|that|these|those|there|a|an|any|one|anyone|someone|somebody)"
)
_OPENER = (
    rf"(?:(?:how|hows|what|whats|what's|wheres|where's|who|whos|why)\b|(?:when|where|which)\s+{_AUXILIARY}\b"
    rf"|{_AUXILIARY}\s+{_SUBJECT}\b)"
)

QUESTIONS = QuestionForms(
    asks=re.compile(rf"(?:^|[,:.!?]\s*|\b(?:so|and|ok|then)\s+){_OPENER}|\?", re.IGNORECASE),
    next_question=re.compile(
        rf"\s*[,;–-]?\s+(?:and|also|plus|but|or|then)\s+(?:(?:also|then|please)\s+)?(?={_OPENER})"
        rf"|\s*[,;]\s+(?={_OPENER})",
        re.IGNORECASE,
    ),
    not_own=re.compile(
        r"\s*(?:[>|]|-{2,}|_{3,}|={3,}|(?:from|to|cc|bcc|subject|date|sent|re|fwd?|reply-to)\s*:"
        r"|on\b.{3,80}\bwrote\s*:\s*$)",
        re.IGNORECASE,
    ),
)
