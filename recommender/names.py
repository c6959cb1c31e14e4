"""Whether a product's or category's name may stand in a sentence: not one that looks like a link or an order.

Anybody may sell under a name. On its card a name is plainly a product's; within a sentence of the shop it would be the
shop that says it. Ordinary names ("100% cotton", "Node.js in Action", "Call of Duty") are printed; what is in doubt is
left out of the sentence, which costs nothing.
"""

import re
import unicodedata
from functools import lru_cache

from recommender.cleaning import clean_text

_TOP = (
    r"(?:com|net|org|info|biz|shop|store|site|online|top|xyz|app|dev|link|click|club|live|vip|example|test|"
    r"eu|de|at|ch|fr|es|it|pl|pt|br|nl|be|uk|us|ca|au|ru|cn|jp|kr|in|il|ae|sa|io|ai|co|me|ly|to|tv|cc|gg|рф)"
)
_LINK = re.compile(
    r"[a-z]{2,}\s*:\s*/\s*/|\bhxxps?\b|\bmailto\s*:|@|[\[(]\s*(?:dot|punkt|at|point|punto|[.])\s*[\])]"
    rf"|\b(?:dot|punkt|punto|kropka|point)\s+{_TOP}\b",
    re.IGNORECASE,
)
_DOTTED = re.compile(
    rf"\bwww\d?\s*[.]|\w\s*[.]\s*{_TOP}(?!\w)(?!\s*[.]\s*\w)|\w[.][a-z]{{2,}}/\w|\b(?:\d{{1,3}}[.]){{3}}\d{{1,3}}\b",
    re.IGNORECASE,
)
_LINK_SIGNS = ("@", "/", "[", "(", "hxxp", "mailto", "dot ", "punkt ", "punto ", "kropka ", "point ")
_NO_LINK = re.compile(r"\b(?:asp|vb|ado)\s?[.]net\b|\b(?:st|dr|no|nr|vol|mr|mrs|ms)[.]\s", re.IGNORECASE)
_PHONE = re.compile(r"(?:\+|\b0|\b)\d(?:[\s().-]?\d){6,}")
_CODE_OF_GOODS = re.compile(r"\b\d{8}\b|\b\d{12,14}\b")  # GTINs

_ORDERS = """
ignor* disregard forget overrid* reply replies respond* answer send email e-mail call text visit click tap go_to
log_in login sign_in pay transfer enter confirm verify print write say tell scan claim
vergiss vergessen antwort* ruf* klick* besuch* geh* schreib* sende* schick* überweis* bezahl* zahl* meld* bestätig* gib
oublie* répond* appel* clique* allez aller visite* écri* envo* vire* connect* confirme* dites
olvid* llam* haz_clic visit* escrib* envía* envi* ingres* ve_a entra
dimentica* rispond* chiam* clicc* scriv* invia* vai acced*
esqueç* ligue escrev* pague acess*
negeer vergeet bel klik* bezoek* stuur* betaal* schrijf
zignoruj* zapomnij* odpowied* zadzwoń* odwiedź* wejdź* napisz* wyślij* zapłać* zaloguj* powiedz*
"""
_TARGETS = """
instruction* rules prompt* code* coupon* voucher* password* pin card* account* number* link* here now today
customer* bank
anweisung* gutschein* passwor* karte* *kartennummer konto* *nummer hier jetzt kunde* an rabatt*
consigne* mot_de_passe carte* compte* numéro* ici maintenant client* sur
instrucci* código* contraseñ* tarjeta* cuenta* número* aquí ahora ya cliente*
istruzion* codic* carta carte conto numero qui ora subito
instruç* códig* senha* cartão conta* aqui agora
instructie* wachtwoord* kaart* rekening* nu
instrukcj* kod* hasł* kart* kont* numer* tutaj teraz pod klient*
"""


def _beginnings(words: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Of ``words`` the first ones: whole words, and beginnings of words."""
    first = [re.split(r"[_-]", word)[0] for word in words.split()]
    return (
        frozenset(word for word in first if not word.endswith("*")),
        tuple(word[:-1] for word in first if word.endswith("*")),
    )


_ORDER_WORDS, _ORDER_BEGINNINGS = _beginnings(_ORDERS)
"""Looked for first: most names hold no order, and the pattern for all of them is slow."""


def _any_of(words: str) -> str:
    """A pattern for one of ``words``: ``*`` is the rest of a word, ``_`` a space that may be missing."""
    return "|".join(re.escape(word).replace(r"\*", r"\w*").replace("_", r"\s?-?") for word in words.split())


_ORDER_THEN_TARGET = re.compile(
    rf"\b(?:{_any_of(_ORDERS)})\b.*?(?:\b(?:{_any_of(_TARGETS)})(?!\w)|\d[\d\s-]{{2,}}\d)", re.IGNORECASE
)
_TITLES = re.compile(
    r"\b(?:call|ruf|appel|answer|visit|besuch)\w*\s+(?:of|der|de la|du|to the)\b", re.IGNORECASE
)

_ALWAYS = re.compile(
    r"\b(?:system|assistant|user)\s*:|\bsystem prompt\b|\b(?:discount|promo|coupon|voucher|gutschein)\s*-?codes?\b|"
    r"\b(?:previous|prior|vorigen|précédentes|anteriores|precedenti|poprzednie)\b.*\b(?:instr\w*|anweis\w*)|"
    r"\bcard number\b|\bkartennummer\b|\bclick here\b|\bhier klicken\b|\bcliquez ici\b|\bklik hier\b",
    re.IGNORECASE,
)
_ALWAYS_SIGNS = (
    "system",
    "assistant",
    "user",
    "code",
    "instr",
    "anweis",
    "number",
    "nummer",
    "here",
    "hier",
    "ici",
)
_WORD = re.compile(r"\w+")
_WITHOUT_SPACES = re.compile(
    r"クリック|返信|お?電話(?:ください|し)|指示を|無視|クーポン|パスワード|カード番号|ログイン|振込|当選|点击|點擊|致电|回复|"
    r"اضغط|انقر|تجاهل|التعليمات|اتصل|رقم بطاقت|أرسل|زوروا|كلمة المرور|رمز الخصم|سجل الدخول|"
    r"לחצו|לחץ כאן|התקשר|השיבו|השב ל|התעלם|הוראות|סיסמ|מספר כרטיס|קוד הנחה|היכנסו ל|"
    r"игнорир|позвони|нажмите|перейдите|пароль|промокод"
)


@lru_cache(maxsize=20_000)
def printable_name(raw: str | None, limit: int) -> str:
    """``raw`` as one line of at most ``limit`` characters; "" if it is no name that a sentence may hold."""
    whole = clean_text(raw, 1000)
    return clean_text(raw, limit) if whole and not looks_like_an_order(whole) else ""


def looks_like_an_order(name: str) -> bool:
    """Whether ``name`` looks like a link, a number to call, or an order to a reader or a model."""
    plain = unicodedata.normalize("NFKC", name).lower()
    # Most names hold nothing of what a pattern begins with, and looking for that is a tenth of the work.
    if _has(plain, _LINK_SIGNS) and _LINK.search(plain):
        return True
    if "." in plain and _DOTTED.search(_NO_LINK.sub(" ", plain)):
        return True
    if sum(map(str.isdigit, plain)) >= 7 and _PHONE.search(_CODE_OF_GOODS.sub(" ", plain)):
        return True
    if _has(plain, _ALWAYS_SIGNS) and _ALWAYS.search(plain):
        return True
    if not plain.isascii() and _WITHOUT_SPACES.search(plain):
        return True
    if not any(word in _ORDER_WORDS or word.startswith(_ORDER_BEGINNINGS) for word in _WORD.findall(plain)):
        return False
    return bool(_ORDER_THEN_TARGET.search(_TITLES.sub(" ", plain)))


def _has(text: str, signs: tuple[str, ...]) -> bool:
    return any(sign in text for sign in signs)
