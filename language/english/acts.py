"""How a customer asks for an act: that somebody does something, rather than says something."""

import re

from language.protocol import ActForms

_POLITE = r"(?:please|pls|plz|kindly|just|now|then|immediately|at once|asap|quickly|simply|maybe|possibly|also)"
_VERB = (
    r"(?:cancel|refund|reimburse|change|update|amend|correct|edit|switch|swap|exchange|replace|resend|reship|redirect|"
    r"reroute|divert|delete|erase|remove|close|shut|deactivate|block|freeze|unblock|unlock|reset|unsubscribe|merge|"
    r"combine|reserve|book|stop|hold|extend|credit|fix|sort|transfer|move|register|add|apply|track|find|locate|"
    r"look (?:up|into)|check|chase|confirm|take|put|sign|call|ring|phone|send|give|pay)"
)
_OBJECT = (
    r"(?:me|us|him|her|it|this|that|these|those|them|my|our|his|everything|all of it|both|order|parcel|tt ?\d|#? ?\d|"
    r"the (?:order|parcel|package|delivery|return|refund|money|address|account|password|e-?mail|newsletter|points|"
    r"boots|tent|jacket|bag|pack|stove|lamp|label|code|invoice|receipt))"
)
_ACT = rf"(?:{_POLITE},? )*{_VERB}(?: (?:up|off|out|down|back|away|over))? {_OBJECT}\b"
_DONE = (
    r"(?:cancell?ed|refunded|reimbursed|changed|updated|corrected|swapped|exchanged|replaced|resent|redirected|deleted|"
    r"erased|removed|closed|blocked|unlocked|merged|sorted|fixed|stopped)"
)
ACTS = ActForms(
    asks=re.compile(
        rf"(?:^|[.!?;:,\n]\s*|\b(?:so|and|then|ok|okay|right|hi|hello|hey) ){_ACT}"
        r"|(?<!how )(?<!why )(?<!when )(?<!what )(?<!where )\b(?:can|could|will|would|can't|couldn't) "
        rf"(?:you|u|ya|ye|someone|somebody|anyone|one of you) {_ACT}"
        rf"|\b(?:want|need|expect|demand|ask|asking|like) (?:you|u|someone|somebody) to {_ACT}"
        rf"|\b(?:want|need|would like|'d like|get) (?:it|this|that|them|{_OBJECT}(?: \w+){{0,3}}) {_DONE}\b"
        rf"|\b(?:please|pls|plz) {_ACT}"
        r"|\b(?:do it|sort it|see to it|make it happen)(?: for me)?(?: now| today| please| pls|[.!]|$)",
        re.IGNORECASE,
    ),
    said="I cannot do that myself from this chat. Here is what applies:",
)
