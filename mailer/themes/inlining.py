"""Inlines the style sheet into the template once, when it is loaded, so that no mail pays for it.

An HTML parser must not see Jinja: text between table rows, where ``{% for %}`` stands, would be moved out of the
table. So each Jinja tag is hidden first: as a comment where markup is expected (the parser leaves comments
where they are), as a word inside attributes, comments and text; and put back afterwards.
"""

import re

import css_inline

_JINJA = r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}"
_PIECES = re.compile(
    rf"(?P<comment><!--.*?-->)|(?P<tag><[A-Za-z/](?:{_JINJA}|[^>])*>)|(?P<jinja>{_JINJA})", re.DOTALL
)
_TAGS = re.compile(_JINJA, re.DOTALL)
_DYNAMIC_CLASS = re.compile(r"""<[^>]*\sclass=("[^"]*|'[^']*)jinja\d+x""")
_SKELETON = re.compile(r"(<!--.*?-->|</?[A-Za-z0-9:]+)(?:(?<!>)[^>]*>)?|(jinja\d+x)", re.DOTALL)
"""What must come out in the order in which it went in; attributes may change places."""

_LIKE_JINJA = re.compile(r"\{(?=[{%#])")
"""``@media print{#logo{…}}`` without spaces would begin a comment of Jinja's."""

_HIDDEN = re.compile(r"<!--jinja(\d+)x-->|jinja(\d+)x")


def inline_styles(template: str, css: str, kept_css: str) -> str:
    """``template`` (Jinja over HTML) with ``css`` as style attributes and ``kept_css`` as its style element.

    ``kept_css`` is for what cannot be inlined: media queries. Raises ValueError when a Jinja tag would be
    lost, doubled or moved, which means that the template is not well-formed HTML.
    """
    hidden: list[str] = []

    def hide(found: re.Match[str]) -> str:
        hidden.append(found.group())
        return f"jinja{len(hidden) - 1}x"

    def hide_piece(piece: re.Match[str]) -> str:
        jinja = piece.group("jinja")
        if jinja is None:
            return _TAGS.sub(hide, piece.group())
        word = hide(piece)
        return word if jinja.startswith("{{") else f"<!--{word}-->"

    masked = _PIECES.sub(hide_piece, template)
    if _DYNAMIC_CLASS.search(masked):
        raise ValueError(
            "a class attribute of the mail template holds a Jinja tag: its styles can't be inlined"
        )
    inliner = css_inline.CSSInliner(extra_css=_no_jinja(css), load_remote_stylesheets=False)
    inlined = inliner.inline(masked)
    kept = sorted(int(first or second) for first, second in _HIDDEN.findall(inlined))
    if kept != list(range(len(hidden))) or _SKELETON.findall(masked) != _SKELETON.findall(inlined):
        raise ValueError(
            "the mail template is not well-formed HTML: the parser moved or dropped something; close every tag and"
            " write each <tbody>"
        )
    restored = _HIDDEN.sub(lambda found: hidden[int(found.group(1) or found.group(2))], inlined)
    return restored.replace("</head>", f"<style>{_no_jinja(_squeeze(kept_css))}</style></head>", 1)


def _no_jinja(css: str) -> str:
    return _LIKE_JINJA.sub("{ ", css)


def _squeeze(css: str) -> str:
    """Style sheet without comments and indentation: it travels in every mail."""
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)).strip()
