"""The closed word classes of English, each once, and which of them each need is made of.

The needs differ on purpose. The router's signs are what its regression was fitted on: another word in them is another
score. The support guard's function words claim nothing, so a word too many there lets a claim pass unseen.
"""

from collections.abc import Mapping

from language.protocol import ClaimWords, FollowUpWords, Words


def words(text: str) -> Words:
    """The words of a text, parted by spaces."""
    return frozenset(text.split())


_ARTICLES = words("a an the")
_DEMONSTRATIVES = words("this that these those")
_THEY = words("it they them he she")
_BE = words("is are was were")
_DO = words("do does did")
_MODALS = words("can could will would")
_ASKING = words("how when where what which who why")
_PLACES = words("in on at to for from with by of")
_JOINING = words("and or but so then")
NEGATED = words("don't can't cannot didn't")
"""Negated verbs as a customer begins a wish with them."""

FOLLOW_UP = FollowUpWords(
    connectives=words("and or but also then plus so"),
    openers=(
        "what about",
        "how about",
        "what if",
        "same for",
        "not that",
        "no the",
        "no not",
        "no i mean",
        "i mean",
    ),
    pointers=_THEY | _DEMONSTRATIVES | words("its one ones there"),
    function=_ARTICLES | _BE | _DO | _MODALS | _ASKING | _PLACES | words("should if no yes not my your i you we"),
    phrase_starts=_PLACES | words("without the"),
    small_talk=words(
        "thanks thank thx ty ta cheers ok okay great good nice cool perfect fine lovely brilliant bye goodbye hi hello "
        "hey morning evening afternoon day weekend week lol haha wow sorry please welcome super awesome you very much "
        "so a the that thats that's is was all for your help it works got i see yes no yep nope sure alright "
        "understood noted clear helpful helps appreciated appreciate will i'll ill do did done try then now just have "
        "had one too kind"
    ),
)

# Left out on purpose: quantifiers (all, both, any, every), duties (must, should) and limits (before, until). They must
# stand in the approved text.
_CLAIMS_NOTHING = (
    _ARTICLES
    | _DEMONSTRATIVES
    | _THEY
    | _BE
    | _DO
    | _MODALS
    | _ASKING
    | (_PLACES - words("from"))
    | _JOINING
    | words("its itself their theirs his her him whom whose here there")
    | words("you your yours yourself we us our ours as about into onto than also too")
    | words("be been being am 's 're 'll 've 'd has have had having doing done may might shall")
    | words("please just e.g i.e etc via if")
)

# The answer of a clause with one of these must be one too, and the other way round.
_MARKERS = {
    "negation": words(
        "not no never none nor neither cannot without nobody nothing nowhere unable impossible n't cant dont doesnt "
        "wont isnt arent couldnt wouldnt didnt hasnt havent non yet hardly"
    ),
    "restriction": words("only solely exclusively except excluding apart unless besides"),
    "condition": words("if when whenever unless provided otherwise"),
    "duty": words("must should need needs needed required mandatory"),
    "yes": words("yes yeah yep sure certainly absolutely definitely course"),
}
_KINDS: Mapping[str, Words] = {
    word: frozenset(kind for kind, marking in _MARKERS.items() if word in marking)
    for marking in _MARKERS.values()
    for word in marking
}

CLAIMS = ClaimWords(
    function=_CLAIMS_NOTHING,
    markers=_KINDS,
    subordinate=words("if when whenever unless once until after before provided except without"),
    conjunctions=_JOINING,
    pronouns=_DEMONSTRATIVES | words("it its they them their one ones which"),
    verbs=_BE
    | _DO
    | _MODALS
    # seldom nouns
    | words(
        "be been has have had cannot may might must shall should cost take arrive come go keep send get need use fit "
        "weigh hold include expire show leave apply pay choose deliver travel appear earn add remove enter reset wait "
        "find bring buy accept replace receive register become stay begin belong contain require carry give make let "
        "see say open close charge run revive"
    ),
    we="we",
    you="you",
    ours="our",
    yours="your",
    things=words("order parcel package item thing product article purchase"),
)

TALK = words(
    "about also asked asking conversation customer customers desk discussed help including inquired said some spoke "
    "talked talking that their them then they this told topics wanted wants whether with"
)
"""What any account of a conversation says: no topic by itself."""


def contraction(word: str) -> tuple[str, ...]:
    """ "can't" is "can" and "not"; of "it's" the "it" is left."""
    if word.endswith("n't"):
        base = word.removesuffix("n't")
        return {"ca": "can", "wo": "will"}.get(base, base), "not"
    return (word.split("'", maxsplit=1)[0],)
