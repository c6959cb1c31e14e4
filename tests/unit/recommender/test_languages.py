"""Thirty products in each of seventeen languages: ten things, three kinds of each."""

import pytest

from recommender import Product, SimilarityIndex
from recommender.terms import chunks, words
from recommender.variants import name_of, same_thing

SPACED = {
    "hi": ("लाल नीला सूती", "कमीज़ जूते कुर्सी मेज़ चादर तकिया थैला घड़ी बोतल किताब"),
    "bn": ("লাল নীল সুতির", "শার্ট জুতা চেয়ার টেবিল চাদর বালিশ ব্যাগ ঘড়ি বোতল বই"),
    "kn": ("ಕೆಂಪು ನೀಲಿ ಹತ್ತಿಯ", "ಅಂಗಿ ಪಾದರಕ್ಷೆ ಕುರ್ಚಿ ಮೇಜು ಹಾಸಿಗೆ ದಿಂಬು ಚೀಲ ಗಡಿಯಾರ ಬಾಟಲಿ ಪುಸ್ತಕ"),
    "pa": ("ਲਾਲ ਨੀਲਾ ਸੂਤੀ", "ਕਮੀਜ਼ ਜੁੱਤੀ ਕੁਰਸੀ ਮੇਜ਼ ਚਾਦਰ ਸਿਰਹਾਣਾ ਬੈਗ ਘੜੀ ਬੋਤਲ ਕਿਤਾਬ"),
    "ta": ("சிவப்பு நீல பருத்தி", "சட்டை காலணி நாற்காலி மேசை போர்வை தலையணை பை கடிகாரம் குப்பி புத்தகம்"),
    "te": ("ఎరుపు నీలం నూలు", "చొక్కా బూట్లు కుర్చీ బల్ల దుప్పటి దిండు సంచి గడియారం సీసా పుస్తకం"),
    "ml": ("ചുവന്ന നീല പരുത്തി", "ഷർട്ട് ചെരുപ്പ് കസേര മേശ പുതപ്പ് തലയിണ സഞ്ചി ഘടികാരം കുപ്പി പുസ്തകം"),
    "he": ("אָדֹם כָּחֹל כֻּתְנָה", "חֻלְצָה נַעֲלַיִם כִּסֵּא שֻׁלְחָן שְׂמִיכָה כָּרִית תִּיק שָׁעוֹן בַּקְבּוּק סֵפֶר"),
    "ar": ("أحمر أزرق قُطني", "قميص حِذاء كُرسي طاولة بطانية وسادة حقيبة ساعة قارورة كِتاب"),
    "ko": ("빨간 파란 면", "셔츠 신발 의자 책상 이불 베개 가방 시계 병 책"),
    "vi": ("đỏ xanh bông", "áo giày ghế bàn chăn gối túi đèn bình sách"),
    "ru": ("красный синий хлопковый", "рубашка ботинки стул стол одеяло подушка сумка часы бутылка книга"),
}
UNSPACED = {
    "zh": ("红色 蓝色 棉质", "衬衫 运动鞋 椅子 桌子 毛毯 枕头 背包 手表 水瓶 书籍"),
    "ja": ("赤い 青い 綿の", "シャツ スニーカー 椅子 テーブル 毛布 まくら バッグ 腕時計 ボトル 本棚"),
    "th": ("สีแดง สีฟ้า ผ้าฝ้าย", "เสื้อเชิ้ต รองเท้า เก้าอี้ โต๊ะ ผ้าห่ม หมอนหนุน กระเป๋า นาฬิกา ขวดน้ำ หนังสือ"),
    "km": ("ក្រហម ខៀវ ថ្មី", "អាវ ស្បែកជើង កៅអី តុ ភួយ ខ្នើយ កាបូប នាឡិកា ដបទឹក សៀវភៅ"),
    "my": ("အနီရောင် အပြာရောင် ချည်", "ရှပ်အင်္ကျီ ဖိနပ် ကုလားထိုင် စားပွဲ စောင် ခေါင်းအုံး အိတ် နာရီ ပုလင်း စာအုပ်"),
}


def shop(language: str) -> list[list[str]]:
    """Ten things, of each the names of its three kinds."""
    kinds, things = (SPACED | UNSPACED)[language]
    between = "" if language in UNSPACED and language != "km" else " "  # Khmer parts phrases
    return [[f"{kind}{between}{thing}" for kind in kinds.split()] for thing in things.split()]


@pytest.mark.parametrize("language", [*SPACED, *UNSPACED])
def test_thirty_products_find_their_own_kind(language: str) -> None:
    things = shop(language)
    products = [
        Product(10 * number + kind, name, price=1)  # type: ignore[arg-type]
        for number, kinds in enumerate(things)
        for kind, name in enumerate(kinds)
    ]
    index = SimilarityIndex.build(products)
    found = index.recommend_many([[one.id] for one in products], 2, 0.01, near_duplicates=True)
    right = [
        sum(int(pick.product.id) // 10 == int(one.id) // 10 for pick in picks)
        for one, picks in zip(products, found, strict=True)
    ]
    assert all(words(one.name) for one in products)
    # Pairs of characters know no words: a long colour may outweigh a short thing.
    share = 0.9 if language in SPACED else 0.75
    assert sum(right) >= share * 2 * len(products), [
        one.name for one, hits in zip(products, right, strict=True) if hits < 2
    ]


@pytest.mark.parametrize("language", SPACED)
def test_words_are_whole(language: str) -> None:
    for name in (name for kinds in shop(language) for name in kinds):
        assert len(chunks(name)) == len(words(name)) == 2, (name, words(name))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("รองเท้าผู้ชาย", "รองเท้าผู้หญิง"),
        ("कप", "कप केक"),
        ("メンズスニーカー", "レディーススニーカー"),
        ("男士运动鞋", "女士运动鞋"),
        ("áo sơ mi", "quần tây"),
    ],
)
def test_things_are_not_variants_of_each_other(one: str, other: str) -> None:
    assert not same_thing(name_of(one), name_of(other))


@pytest.mark.parametrize(
    ("one", "other"), [("ワイヤレスマウス 黒", "ワイヤレスマウス 白"), ("無線マウス", "無線マウス")]
)
def test_variants_are(one: str, other: str) -> None:
    assert same_thing(name_of(one), name_of(other))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("iPhone手机壳", ["iphone", "手机", "机壳"]),
        ("सूती कमीज़", ["सूती", "कमीज़"]),
        ("책", ["책"]),
        ("áo", ["ao"]),
        ("ô che mưa", ["ô", "mua"]),
        ("סֵפֶר", ["ספר"]),
        ("كِتَاب", ["كتاب"]),
        ("men\u2019s shoes", ["men's", "shoes"]),
        ("für très ao", []),
        ("\u0301\u0301", []),
        ("Å\u0301ngström", ["angstrom"]),
    ],
)  # fmt: skip
def test_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_vowel_points_part_no_words() -> None:
    assert words("סֵפֶר كِتَاب") == words("ספר كتاب")
