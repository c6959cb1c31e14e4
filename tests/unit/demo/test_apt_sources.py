from pathlib import Path

import pytest

from binlog_watcher.demo.apt import PackageError, Source, debian_archive, read_sources

BOOKWORM = 'ID=debian\nVERSION_CODENAME="bookworm"\n'
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def etc_with(tmp_path: Path, **files: str) -> Path:
    """An /etc/apt; underscores in the names stand for dots, a name in capitals for sources.list."""
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        is_main = name == "MAIN"
        target = (
            tmp_path / "sources.list" if is_main else tmp_path / "sources.list.d" / name.replace("_", ".")
        )
        target.write_text(text)
    return tmp_path


def archive_of(tmp_path: Path, sources: list[Source]) -> Source:
    release = tmp_path / "os-release"
    release.write_text(BOOKWORM)
    return debian_archive(sources, release)


def test_reads_one_line_entries_with_and_without_options(tmp_path: Path) -> None:
    etc = etc_with(
        tmp_path,
        MAIN=(
            "# deb http://off.example.org/debian bookworm main\n"
            "deb http://a.example.org/debian bookworm main contrib  # trailing words\n"
            "deb-src http://a.example.org/debian bookworm main\n"
            f"deb [ arch=amd64,arm64 signed-by={KEYRING} trusted=yes ] http://b.example.org/debian sid main\n"
        ),
    )
    assert read_sources(etc) == [
        Source("http://a.example.org/debian", "bookworm", ("main", "contrib")),
        Source("http://b.example.org/debian", "sid", ("main",), (("signed-by", KEYRING),)),
    ]


def test_reads_deb822_stanzas(tmp_path: Path) -> None:
    etc = etc_with(
        tmp_path,
        debian_sources=(
            "# a comment\n"
            "Types: deb deb-src\n"
            "URIs: http://a.example.org/debian\n"
            "# another in the middle\n"
            "Suites: bookworm bookworm-updates\n"
            "Components: main\n"
            f"Signed-By: {KEYRING}\n"
            "Check-Valid-Until: no\n"
            "Trusted: yes\n"
            "\n \n"
            "Types: deb\nEnabled: no\nURIs: http://off.example.org/debian\nSuites: bookworm\nComponents: main\n"
            "\n"
            "Types: deb-src\nURIs: http://src.example.org/debian\nSuites: bookworm\nComponents: main\n"
        ),
    )
    options = (("signed-by", KEYRING), ("check-valid-until", "no"))
    assert read_sources(etc) == [
        Source("http://a.example.org/debian", "bookworm", ("main",), options),
        Source("http://a.example.org/debian", "bookworm-updates", ("main",), options),
    ]


def test_an_embedded_key_survives_into_our_own_entry(tmp_path: Path) -> None:
    key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQGNBGlW\n -----END PGP PUBLIC KEY BLOCK-----"
    text = f"Types: deb\nURIs: http://a.example.org/debian\nSuites: bookworm\nComponents: main\nSigned-By:{key}\n"
    (source,) = read_sources(etc_with(tmp_path, debian_sources=text))
    stanza = source.stanza("unstable")
    assert stanza.endswith(f"signed-by: {key}\n")
    assert "Suites: unstable\n" in stanza


def test_trust_without_a_signature_is_never_taken_over(tmp_path: Path) -> None:
    line = "deb [trusted=yes allow-insecure=yes] http://a.example.org/debian bookworm main\n"
    (source,) = read_sources(etc_with(tmp_path, MAIN=line))
    assert "trusted" not in source.stanza("unstable").lower()
    assert "insecure" not in source.stanza("unstable").lower()


def test_finds_the_debian_archive_among_others(tmp_path: Path) -> None:
    keyring = (("signed-by", KEYRING),)
    sources = [
        Source(
            "http://vendor.example.org/linux/debian", "bookworm", ("main",), (("signed-by", "/etc/v.gpg"),)
        ),
        Source("http://mirror.example.org/debian-security", "bookworm-security", ("main",), keyring),
        Source("cdrom:[Debian 12]/", "bookworm", ("main",)),
        Source("http://tools.example.org/apt", "stable", ("main",), (("signed-by", "/etc/t.gpg"),)),
        Source("http://mirror.example.org/debian", "bookworm-updates", ("main",), keyring),
        Source("http://mirror.example.org/debian", "bookworm", ("main", "contrib"), keyring),
    ]
    assert archive_of(tmp_path, sources) is sources[-1]


def test_without_a_keyring_the_one_with_updates_is_debian(tmp_path: Path) -> None:
    sources = [
        Source("http://vendor.example.org/debian", "bookworm", ("main",)),
        Source("http://mirror.example.org/pub/linux", "bookworm", ("main",)),
        Source("http://mirror.example.org/pub/linux", "bookworm-updates", ("main",)),
    ]
    assert archive_of(tmp_path, sources) is sources[1]


def test_says_so_when_there_is_no_debian_archive(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="name no Debian archive"):
        archive_of(tmp_path, [Source("http://tools.example.org/apt", "jammy", ("universe",))])


def test_missing_source_lists_are_no_sources(tmp_path: Path) -> None:
    assert read_sources(tmp_path / "nowhere") == []
