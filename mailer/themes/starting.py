"""What a shop begins a theme of its own with: a folder whose theme.toml says what there is to change."""

from pathlib import Path

from mailer.themes.sources import block_names, block_source
from mailer.themes.theme import Theme, ThemeError, load_theme

_TOML = """\
# The theme of your mails. Each line may go: what is not said here is as in the theme below.
based_on = "{name}"

# Readable shades are made of these two, for light and for dark mode: of the button, and of the offer.
brand = "{brand}"
accent = "{accent}"

corners = "{corners}"      # square, soft or round
fonts = '{fonts}'
hero = {hero}           # a large picture of the main item

# Empty: STORE_LOGO_URL and STORE_LOGO_DARK_URL
# logo = "https://shop.example.com/logo.png"
# logo_dark = "https://shop.example.com/logo-dark.png"

# Your own words stand as they are here; messages/de.po and so on may translate them.
trust = []              # such as ["Delivery in two days", "30 days to return"]
help = ""               # goes before your support address

# [social]
# Instagram = "https://…"
"""

_README = """\
blocks/   NAME.html and NAME.txt replace the block of that name. To begin with one:
          cartwake theme new FOLDER --block cart.html
          There are:
          {names}
style.css        laid over the built-in styles
responsive.css   media queries, which stay in the mail
messages/        de.po and so on: your own wording

`cartwake theme check FOLDER` says what would go wrong.
"""


def begin_theme(folder: Path, based_on: str, blocks: list[str]) -> Theme:
    """Write ``folder``, or only ``blocks`` into one that there is; returns the theme. Raises ThemeError.

    Nothing that is there is written over.
    """
    base = load_theme(based_on)
    texts = {}
    for name in blocks:
        try:
            texts[folder / "blocks" / name] = dict(base.blocks).get(name) or block_source(name)
        except ValueError as error:
            raise ThemeError(str(error)) from None
    if not (folder / "theme.toml").exists():
        texts[folder / "theme.toml"] = _TOML.format(
            name=base.name,
            brand=base.brand,
            accent=base.accent,
            corners=base.corners,
            fonts=base.fonts,
            hero=str(base.hero).lower(),
        )
        texts[folder / "README.txt"] = _README.format(names=", ".join(block_names()))
    elif not blocks:
        raise ThemeError(f"{folder}: has a theme.toml already; nothing was written")
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except FileExistsError as error:
        raise ThemeError(f"{error.filename}: is there already; it was left as it is") from None
    except OSError as error:
        raise ThemeError(f"{error.filename}: can't be written ({error.strerror})") from None
    return load_theme(str(folder))
