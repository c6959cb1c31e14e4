"""A theme from a folder: what theme.toml may say, blocks, and what is wrong with either."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.store import store

from mailer import RecoveryMail, Renderer
from mailer.languages import languages
from mailer.theme_check import problems, specimens
from mailer.themes import Theme, ThemeError, block_names, built_in, load_theme
from mailer.themes.starting import begin_theme

STORE = store(logo_url="https://shop.example.com/logo.png")


def folder(path: Path, toml: str = "", **files: str) -> Path:
    for name, text in {"theme.toml": toml, **files}.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path


def html(theme: Theme, mail: RecoveryMail | None = None) -> str:
    return Renderer(STORE, theme=theme).render(mail or specimens(STORE)["a cart of two things"]).html


@pytest.mark.parametrize("name", built_in())
def test_a_built_in_theme_is_well(name: str) -> None:
    assert problems(STORE, load_theme(name)) == []


def test_the_three_differ() -> None:
    assert built_in() == ("calm", "bold", "letter")
    assert len({html(load_theme(name)) for name in built_in()}) == 3


def test_a_folder_says_what_differs(tmp_path: Path) -> None:
    path = folder(
        tmp_path / "ours",
        'based_on = "bold"\nbrand = "#A21"\ncorners = "round"\nhero = false\ntrust = ["30 days to return"]\n'
        'help = "Ask Ada:"\n[social]\nMastodon = "https://social.example.com/@shop"\n',
        **{
            "style.css": "h1 { color: var(--brand-text); }",
            "responsive.css": "@media print { .foot { display: none } }",
            "blocks/shipping.html": "<tr><td>{{ free_shipping }}, and a {{ store.name }} pen</td></tr>",
            "blocks/.shipping.html.swp": "left by an editor",
        },
    )
    theme = load_theme(str(path))
    assert (theme.name, theme.brand, theme.corners, theme.hero) == ("ours", "#aa2211", "round", False)
    assert theme.fonts == load_theme("bold").fonts
    shown = html(theme)
    for part in (
        "background-color: #aa2211",
        "border-radius: 27px",
        "30 days to return",
        "Ask Ada:",
        'href="https://social.example.com/@shop"',
        "and a The Sample Shop pen",
        "@media print",
    ):
        assert part in shown
    assert "hero-pic" not in shown
    assert "var(--" not in shown
    assert problems(STORE, theme) == []


def test_messages_of_a_theme_are_its_own_words(tmp_path: Path) -> None:
    path = folder(tmp_path, "", **{"messages/de.po": 'msgid "Return to Cart"\nmsgstr "Weiter"\n'})
    theme = load_theme(str(path))
    mail = specimens(STORE)["a cart of two things"]
    assert ">Weiter</a>" in Renderer(STORE, languages(("de",), theme.messages), theme).render(mail).html


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ("brand = 5", "brand: give text in quotes"),
        ('brand = "red"', "'red' is no colour: give one such as #15803d"),
        ('brand = "#12345"', "is no colour"),
        ('corner = "soft"', "there is no corner; did you mean corners?"),
        ('corners = "oval"', "give one of square, soft, round"),
        ('hero = "yes"', "give true or false"),
        ('logo = "logo.png"', "no whole http:// or https:// URL"),
        ('logo = "javascript:x"', "no whole http:// or https:// URL"),
        ('fonts = "x; } body { display: none"', "give names of fonts"),
        ('fonts = "Arial /* "', "give names of fonts"),
        ("fonts = 'Arial \"'", "give names of fonts"),
        ("fonts = 'Arial,, serif'", "give names of fonts"),
        ('trust = "one"', "give a list of at most 6 texts"),
        ('trust = ["a\\nb"]', "on one line"),
        ("social = [1]", "give a table"),
        ('based_on = "fancy"', "give one of calm, bold, letter"),
        ("brand = ", "theme.toml"),
        ("\x00", "theme.toml"),
    ],
)
def test_mistakes_in_theme_toml_are_named(tmp_path: Path, toml: str, complaint: str) -> None:
    with pytest.raises(ThemeError, match=r"theme\.toml") as caught:
        load_theme(str(folder(tmp_path, toml)))
    assert complaint in str(caught.value)


@pytest.mark.parametrize("name", ["style.css", "responsive.css"])
@pytest.mark.parametrize("text", ["</style><script>x()</script>", "@IMPORT url(https://example.com/x.css);"])
def test_a_style_sheet_stays_one(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(ThemeError, match="take it out"):
        load_theme(str(folder(tmp_path, **{name: text})))


@pytest.mark.parametrize("name", ["style.css", "responsive.css"])
@pytest.mark.parametrize(
    ("url", "is_whole"),
    [
        ("javascript:x()", False),
        ("'paper.png'", False),
        ("/paper.png", False),
        ('"https://shop.example.com/paper.png"', True),
        ("data:image/png;base64,AAAA", True),
    ],
)
def test_a_picture_in_a_style_sheet_has_a_whole_url(
    tmp_path: Path, name: str, url: str, is_whole: bool
) -> None:
    path = folder(tmp_path, **{name: f".foot {{ background: URL( {url} ) }}"})
    if is_whole:
        assert problems(STORE, load_theme(str(path))) == []
        return
    with pytest.raises(ThemeError, match="give a whole https:// URL"):
        load_theme(str(path))


@pytest.mark.parametrize("css", ["@media print{#foot{color:red}}", "@media print{/* x */#foot{color:red}}"])
def test_a_style_sheet_without_spaces_is_no_jinja(tmp_path: Path, css: str) -> None:
    theme = load_theme(str(folder(tmp_path, **{"responsive.css": css})))
    assert problems(STORE, theme) == []
    assert "@media print{ #foot{color:red}}" in html(theme)


@pytest.mark.parametrize("name", ["style.css", "responsive.css"])
def test_what_looks_like_jinja_in_a_style_sheet_is_not_obeyed(tmp_path: Path, name: str) -> None:
    theme = load_theme(str(folder(tmp_path, **{name: "h1 { quotes: '{{ 6 * 111 }}' 'b'; }"})))
    assert "{ { 6 * 111 }}" in html(theme)


@pytest.mark.parametrize("directory", ["blocks/cart.html", "style.css", "theme.toml"])
def test_what_can_not_be_read_is_no_reason_to_go_on_without_it(tmp_path: Path, directory: str) -> None:
    path = folder(tmp_path)
    (path / directory).unlink(missing_ok=True)
    (path / directory).parent.mkdir(exist_ok=True)
    (path / directory).symlink_to("nowhere")
    with pytest.raises(ThemeError, match=directory.rpartition("/")[2]):
        load_theme(str(path))


def test_a_path_that_can_not_be_is_no_theme() -> None:
    with pytest.raises(ThemeError, match="can't be read"):
        load_theme("x" * 300)


def test_a_relative_path_is_answered_with_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ThemeError, match=f"no folder '{tmp_path / 'mytheme'}'"):
        load_theme("./mytheme")


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "12 King's Road\nLondon"},
        {"address": '\n12  King "Road" & Sons\n'},
        {"address": "Building 12, Floor 3, Example Business Park North, " * 3 + "Sampletown"},
        {"address": "サンプル県見本市例示町一丁目二番三号サンプルビルディング" * 3},
        {"cart_url": "https://shop.example.com/checkout-link?products={items}"},
        {"cart_url": "https://shop.example.com/cart?a=1&b='x'"},
        {"cart_url": "https://shop.example.com"},
    ],
)
def test_no_shop_is_told_of_what_is_not_wrong(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert problems(replace(STORE, **changes), load_theme(str(folder(tmp_path)))) == []


def test_the_check_reads_the_themes_own_words(tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        **{
            "messages/fr.po": 'msgid "Hi %(name)s,"\nmsgstr "Bonjour %(nom)s,"\n',
            "messages/xx.po": 'msgid "Hello,"\nmsgstr "Xx,"\n',
        },
    )
    wrong_value, no_language = problems(STORE, load_theme(str(path)))
    assert "fr.po: 'Hi %(name)s,' has no value nom" in wrong_value
    assert "xx.po: there is no catalogue of 'xx'" in no_language


def test_what_is_no_theme_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(ThemeError, match="is no theme: name one of calm, bold, letter"):
        load_theme("clam")
    with pytest.raises(ThemeError, match=r"has no theme\.toml"):
        load_theme(str(tmp_path))


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"blocks/footer.html": "<tr><td>{{ nothing }}</td></tr>"}, "'nothing' is undefined"),
        ({"blocks/footer.html": "<tr><td>{% if %}</td></tr>"}, "no Jinja"),
        ({"blocks/footer.html": "<tr><td>hello"}, "close every tag"),
        ({"blocks/foot.html": "x"}, "there is no block foot; the blocks are brand, greeting"),
        ({"blocks/footer.html": "<tr><td>bye</td></tr>"}, "the link to unsubscribe is missing in the HTML"),
        ({"blocks/footer.html": "<tr><td>bye</td></tr>"}, "the postal address is missing in the HTML"),
        ({"blocks/footer.txt": "bye"}, "the link to unsubscribe is missing in the plain text"),
        ({"blocks/cart.txt": "-"}, "what is in the cart is missing in the plain text"),
        ({"blocks/action.txt": "-"}, "the link to the cart is missing in the plain text"),
        ({"blocks/shipping.html": f"<tr><td>{'x' * 90_000}</td></tr>"}, "Gmail cuts it off"),
        ({"blocks/shipping.html": "{% include 'mail.html' %}"}, "includes or imports a template"),
        ({"blocks/shipping.txt": "{% include '/etc/passwd' %}"}, "includes or imports a template"),
        ({"blocks/shipping.html": "<tr><td>{{ 5|xmlattr }}</td></tr>"}, "can't be rendered: AttributeError"),
        ({"blocks/shipping.txt": "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}"}, "nested too deep"),
        ({"blocks/action.html": "<tr><td>{{ store.cart_url }}</td></tr>"}, "link to the cart is missing"),
        ({"style.css": "h1 { color: var(--nope); }"}, "there is no var(--nope)"),
        ({"theme.toml": 'brand = "#fff"'}, "nobody sees that the button is one"),
    ],
)
def test_the_check_says_what_would_go_wrong(tmp_path: Path, files: dict[str, str], complaint: str) -> None:
    found = problems(STORE, load_theme(str(folder(tmp_path, **files))))
    assert any(complaint in problem for problem in found), found
    assert len(found) == len(set(found)) <= 4


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ mail.__init__.__globals__ }}",
        "{{ heading.__globals__ }}",
        "{{ self.__init__ }}",
        "{{ mail.lines.append(1) }}",
    ],
)
def test_a_block_reaches_nothing_but_the_values(tmp_path: Path, attack: str) -> None:
    theme = load_theme(str(folder(tmp_path, **{"blocks/shipping.txt": attack})))
    found = problems(STORE, theme)
    assert any("can't be rendered" in problem for problem in found), found


def test_a_new_theme_looks_like_the_one_that_it_is_based_on(tmp_path: Path) -> None:
    begun = begin_theme(tmp_path / "mine", "bold", [])
    assert html(begun) == html(load_theme("bold"))
    assert problems(STORE, begun) == []
    for name in block_names():
        begin_theme(tmp_path / "mine", "bold", [name])
    assert html(load_theme(str(tmp_path / "mine"))) == html(load_theme("bold"))


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    begin_theme(tmp_path, "calm", ["cart.html"])
    (tmp_path / "blocks/cart.html").write_text("mine")
    with pytest.raises(ThemeError, match="is there already"):
        begin_theme(tmp_path, "calm", ["cart.html"])
    with pytest.raises(ThemeError, match=r"has a theme\.toml already"):
        begin_theme(tmp_path, "calm", [])
    with pytest.raises(ThemeError, match=r"there is no block basket\.html"):
        begin_theme(tmp_path, "calm", ["basket.html"])
    assert (tmp_path / "blocks/cart.html").read_text() == "mine"
