"""The kinds of values of the settings for how mails look and speak; as in ``settings/types.py``."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from binlog_watcher.settings.takes import Takes
from mailer.languages import languages, shipped
from mailer.themes import load_theme

_ALL = "all"


def _languages(value: Any) -> Any:
    """``de, en``; ``all`` stands for those that are not named before it."""
    if not isinstance(value, str):
        return value
    tags: list[str] = []
    for tag in (part.strip().replace("_", "-") for part in value.split(",")):
        if tag.lower() == _ALL:
            named = {one.partition("-")[0].lower() for one in tags}
            tags += [one for one in shipped() if one not in named]
        elif tag:
            tags.append(tag)
    if not tags:
        raise ValueError(f"at least one of {', '.join(shipped())}")
    languages(tuple(tags))  # raises ValueError
    return tuple(dict.fromkeys(tags))


def _folder(path: Path | None) -> Path | None:
    if path is not None and not path.is_dir():
        raise ValueError("the path of a folder that is there")
    return path


def _theme(name: str) -> str:
    load_theme(name)  # raises ThemeError, which is a ValueError
    return name


ThemeName = Annotated[str, AfterValidator(_theme), Takes("name or folder")]
LanguageTags = Annotated[tuple[str, ...], BeforeValidator(_languages), Takes("list of languages")]
Folder = Annotated[Path | None, AfterValidator(_folder), Takes("folder")]
