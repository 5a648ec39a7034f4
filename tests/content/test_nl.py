"""What Dutch asks for: a capital after the greeting, de and het, the verb in the second place."""

from __future__ import annotations

import re
from functools import cache

from .letters import shipped, tables, turns_told

SEEDS = range(25)
WORDS = tables()["nl"]["words"]

DOUBLED = re.compile(r"(?i)\b(?!je je\b)(\w+) \1\b")
HET_NOUN = (
    "kantoor|magazijn|archief|jubileum|artikel|bestuur|rooster|boek|jaar|uur|weekend|idee|antwoord|stuk|adres|briefje|lijstje|"
    "nummer|voorstel|bord|weer|plan|verslag|scherm|alarm|groepje|museum|fort|schema|slot|hoofdstuk|onderdeel"
)
DE_NOUN = (
    "dag|week|tafel|fiets|kaas|koffie|lunch|levering|bestelling|afspraak|agenda|sleutel|map|la|kast|printer|scanner|route|"
    "vakantie|dienst|avond|plek|deur|rest|chauffeur|wagen|groep|klas|poort|quiz|stekker|handleiding|brief|lijst"
)
WRONG_ARTICLE = re.compile(rf"(?i)\b(?:de (?:{HET_NOUN})|het (?:{DE_NOUN})|deze (?:{HET_NOUN})|dit (?:{DE_NOUN}))\b")
# A weekday is written small, as is what follows a colon; firms are called De Graaf.
CAPITAL = re.compile(
    r"(?<![.?!] )(?<!^)\b(?:(?:Maan|Dins|Woens|Donder|Vrij)dag|De(?! [A-Z])|Het|Een|Ik|We|Je|En|Op|In|Om|Met|Voor)\b"
)
# "Op dinsdag ik kom": a subject right after a day that stands first.
THIRD_PLACE = re.compile(
    r"(?:^|[.?!] )(?:Op )?(?:Volgende week )?(?i:maandag|dinsdag|woensdag|donderdag|vrijdag)(?: \d+ \w+)? "
    r"(?:ik|we|jij|hij)\b"
)


@cache
def prose() -> tuple[str, ...]:
    """Paragraphs that are sentences, all of which end in a mark."""
    names = [name for name, _ in shipped().by_language["nl"]]
    turns = (turn for name in names for turn in turns_told(name, SEEDS))
    return tuple(text for paragraphs in turns for text in paragraphs if not text.endswith(","))


def test_every_paragraph_begins_with_a_capital() -> None:
    for text in prose():
        assert text[0].isupper() or text[0].isdigit(), text


def test_nothing_else_in_a_sentence_has_a_capital() -> None:
    for text in prose():
        assert not CAPITAL.search(text), text


def test_no_word_is_said_twice() -> None:
    for text in prose():
        assert not DOUBLED.search(text), text


def test_a_noun_has_its_own_article() -> None:
    for text in prose():
        assert not WRONG_ARTICLE.search(text), text


def test_after_a_day_that_stands_first_the_verb_is_second() -> None:
    for text in prose():
        assert not THIRD_PLACE.search(text), text


def test_a_pronoun_has_the_gender_of_its_noun() -> None:
    for word in WORDS["equipment"]["words"]:
        forms = dict(zip(WORDS["equipment"]["forms"], word, strict=True))
        assert (forms["the"].startswith("het "), forms["the"].startswith("de ")) in ((True, False), (False, True))
        assert forms["it"] == ("het" if forms["the"].startswith("het ") else "hem"), word
        assert forms["he"] == ("het" if forms["the"].startswith("het ") else "hij"), word
