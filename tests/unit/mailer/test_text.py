import pytest

from mailer import language_tag


@pytest.mark.parametrize(
    ("raw", "tag"),
    [
        ("fr", "fr"),
        ("fr_FR", "fr-FR"),
        ("fr_FR.UTF-8", "fr-FR"),
        ("ca_ES@valencia", "ca-ES"),
        ("zh_Hans_CN", "zh-Hans-CN"),
        ("es-419", "es-419"),
        # WordPress marks the form of address and the spelling.
        ("de_DE_formal", "de-DE"),
        ("de_CH_informal", "de-CH"),
        ("pt_PT_ao90", "pt-PT"),
        (" en-gb ", "en-gb"),
        ("1", None),
        ("", None),
        (None, None),
        ("english", None),
        ("de-", None),
        ("de_DE_", None),
        ('de" onload="x', None),
        ("de_DE_<b>", None),
        ("de-" * 5_000, None),
    ],
)
def test_what_shops_keep_as_a_language_becomes_a_tag(raw: str | None, tag: str | None) -> None:
    assert language_tag(raw) == tag
