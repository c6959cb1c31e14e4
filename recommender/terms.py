"""Product texts → the terms they are compared by, in any language.

Words are runs of letters and digits, case-folded, accents removed (shops write "café" and "cafe"). Scripts written
without spaces (Chinese, Japanese, Thai …) are cut into overlapping pairs of characters, the usual way to index
them without a dictionary. Pairs of neighbouring words are terms too, never across the border of two fields.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from recommender.catalog import Product

NAME_WEIGHT = 3
CATEGORY_WEIGHT = 2
"""How many times the terms of a field count against those of the description. With sublinear term frequency
(1 + ln n) that is a factor of 2.1 and 1.7."""

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f]+"
)

# Function words of the languages most shops are written in, without accents. Words that are common in one
# shop's own texts are found by counting; this list is for small catalogues, where counting can't tell.
# Words that are goods in another language (men, hat, ale, sea, tan) are left out.
_FUNCTION_WORDS = """
a about all also an and any are as at be been but by can do does for from get has have how if in into is it its
just like made make more most no not of off on only or other our out over so some such than that the
their them these they this those to too up us use very was we were what when which while who will with you your
aber als am an auch auf aus bei bis das dass dem den der des die diese dieser dieses durch ein eine einem einen
einer eines er es fur ich ihr ihre im ins ist kann mehr mit nach nicht noch nur oder ohne sehr sich sie sind
sowie uber um und uns unser unter vom von vor war was wenn wie wir wird zu zum zur
au aux avec ce ces cette ceux chez comme dans de du en est et etre il ils je la le les leur lui mais meme
ne nos notre nous ou par pas plus pour qu que qui sa sans se ses si sont sur te tes toi ton tous tout
tres tu un une vos votre vous
al como con cuando cuyo del desde donde el ella ellos entre era esta estas este esto estos fue ha hasta hay las lo
los mas me mi mientras muy nada ni nos o para pero por porque ser si sin sobre su sus tambien todo todos
una unas uno unos y ya
ai alla alle allo anche che chi ci coi col come cui da dal dalla dalle degli dei della delle dello di e ed gli i
ma nei nel nella nelle non per piu quale quando questa queste questi questo sono sua sue sul sulla suo tra un uno
ao aos com das dos ela ele em essa esse foi isso isto mais mas na nas nem no nos num numa os ou pela pelo pelos
quem sao seja sem seu seus sua suas tem um uma voce
aan als ben bij dan dat de deze die dit door een en er haar heeft het hij hoe hun ik in is je kan maar met mijn
naar niet nog nu of om onder ook op over te tot uit veel voor was wat we wel werd wie wij wordt ze zich zijn
zo
av den det dig din du ej er ett fran ha han har hon i inte jag kan med mig nar och om pa som sig till var
vi ett at af de for ikke jeg og til
bez byc czy dla do jak jest juz na nie od oraz po przez sie tak to w z ze za
"""
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())


@lru_cache(maxsize=4096)
def _fold(text: str) -> str:
    text = text.casefold()
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    # Marks are dropped after Latin, Greek and Cyrillic letters only: in Indic scripts they are the vowels.
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f"))


def words(text: str) -> list[str]:
    """The words of a text, folded, in order, without single letters of alphabetic scripts and stop words."""
    found: list[str] = []
    for word in _WORD.findall(_fold(text)):
        if word.isascii() or not _UNSPACED.search(word):
            if (len(word) > 1 or word.isdigit()) and word not in STOP_WORDS:
                found.append(word)
        else:
            found.extend(_character_pairs(word))
    return found


def _character_pairs(run: str) -> list[str]:
    return [run] if len(run) < 3 else [a + b for a, b in pairwise(run)]


def _field(text: str) -> list[str]:
    single = words(text)
    return single + [f"{a} {b}" for a, b in pairwise(single)]


def terms(product: Product) -> list[str]:
    """All terms of a product, weighted by repetition; what the TF-IDF vectoriser counts."""
    return (
        _field(product.name) * NAME_WEIGHT
        + _field(product.category) * CATEGORY_WEIGHT
        + _field(product.description)
    )
