import re

import pytest

from mailer.themes.inlining import inline_styles

PAGE = "<!DOCTYPE html><html><head><title>{}</title></head><body>{}</body></html>"


def test_jinja_between_table_rows_stays_between_table_rows() -> None:
    table = (
        "<table><tbody>{% for x in rows if x > 1 %}<tr><td class='a' style='color:{{ x }}'>{{ x }}</td></tr>"
        "{% else %}<tr></tr>{% endfor %}{# a > note #}</tbody></table>"
    )
    inlined = inline_styles(PAGE.format("{{ title }}", table), ".a { padding: 1px }", "")
    assert re.search(
        r"<tbody>\{% for x in rows if x > 1 %\}<tr><td [^>]*>\{\{ x \}\}</td></tr>\{% else %\}", inlined
    )
    assert "{% endfor %}{# a > note #}</tbody>" in inlined
    assert "<title>{{ title }}</title>" in inlined
    assert re.search(r'style="padding: 1px;\s*color:\s*\{\{ x \}\}', inlined)


def test_conditional_comments_for_outlook_are_left_alone() -> None:
    comment = '<!--[if mso]><v:rect href="{{ url }}" /><![endif]-->'
    assert comment in inline_styles(PAGE.format("", comment), "", "")


def test_what_cannot_be_inlined_is_kept_once_in_the_head() -> None:
    kept = "/* phones */\n@media (max-width: 480px) {\n  .a { color: red !important }\n}"
    inlined = inline_styles(PAGE.format("", "<p class='a'>x</p>"), ".a { color: blue }", kept)
    assert (
        inlined.count("<style>@media (max-width: 480px) { .a { color: red !important } }</style></head>") == 1
    )


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<table><tr><td>{% if x %}</td></tr></table>", "well-formed"),
        ("<table><tbody>{{ moved_out_of_the_table }}<tr><td></td></tr></tbody></table>", "well-formed"),
        ("<p>{% if x %}<p>never closed{% endif %}", "well-formed"),
        ('<p class="a{% if x %} b{% endif %}">x</p>', "class attribute"),
    ],
)
def test_a_template_that_the_parser_would_change_is_refused(body: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        inline_styles(PAGE.format("", body), "", "")
