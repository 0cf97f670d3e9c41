"""wc finds the words GNU wc finds, whatever the bytes, where characters are bytes and where they are UTF-8."""

import random
from itertools import pairwise
from pathlib import Path

import pytest

from exokernel.libos.characters import PRINTABLE, is_printable, is_space
from tests.programs.characters import CHARACTERS, boundaries, c_library, members
from tests.programs.conftest import ROOT, exok, gnu

LOCALES = ["C", "C.UTF-8"]
BLOCK = 0x10000  # that a library reads at a time; GNU wc's is a part of it
LENGTHS = [0x80, 0x800, 0x10000, 0x110000]  # where one byte more is needed
SPECIAL = [
    *(0x85, 0x9F, 0xA0, 0xAD, 0x1680, 0x180E, 0x2000, 0x2006, 0x2007, 0x2008, 0x200A, 0x200B, 0x200D, 0x2028, 0x2029, 0x202F, 0x205F),
    *(0x2060, 0x3000, 0xFEFF, 0x300, 0x20DD, 0x378, 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xFFFD, 0xFFFE, 0x1F600, 0x1F1E6, 0xE0001, 0xE0100),
]
ILL_FORMED = [
    *(b"\x80", b"\xbf\xbf", b"\xc0\x80", b"\xc0\xa0", b"\xc1\xa1", b"\xe0\x81\xa1", b"\xe0\x9f\xbf", b"\xf0\x80\x81\xa1", b"\xf0\x8f\xbf\xbf"),
    *(b"\xed\xa0\x80\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf7\xbf\xbf\xbf", b"\xf8\x88\x80\x80\x80"),
    *(b"\xfc\x84\x80\x80\x80\x80", b"\xfe", b"\xff\xff", b"\xc3", b"\xe3\x80", b"\xf0\x9f\x98", b"\xe3\xc3\xa9", b"\xf0\x9f\xc3\xa9"),
    *(b"\xe3\x7f\x80\x80", b"\xc3\x00\xa9", b"\xe3\x80\n\x80", b"\xf0\x9f\xe3\x80\x80", b"\xc3\xc0\xa9", b"\xc3\xc1"),
]


def utf8(number: int) -> bytes:
    """A number in the form of UTF-8, also one that has none."""
    if number < CHARACTERS:
        return chr(number).encode(errors="surrogatepass")
    return bytes([0xF0 | number >> 18, 0x80 | number >> 12 & 0x3F, 0x80 | number >> 6 & 0x3F, 0x80 | number & 0x3F])


def between(sequences: list[bytes]) -> bytes:
    """Sequences as words of their own, inside words, and at either end of one."""
    return b"".join(b" %b x%by %bz w%b\n" % (sequence, sequence, sequence, sequence) for sequence in sequences)


def across_blocks() -> bytes:
    """Sequences with the end of a block at every place within them."""
    data = bytearray()
    for sequence in (utf8(0x1F600), utf8(0x3000), utf8(0xE9), b"\xe3\x80", b"\xf0\x9f\x98"):
        for before in range(1, len(sequence)):
            data += b" " * (BLOCK - len(data) % BLOCK - before) + sequence + b" x" + sequence + b"y"
    return bytes(data)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        c_library()
    except OSError:
        pytest.skip("GNU C library 2.36 is not here")
    folder = tmp_path_factory.mktemp("texts")
    if b" 9.1\n" not in gnu("wc", ["--version"], None, folder).stdout:
        pytest.skip("GNU coreutils 9.1 is not here")
    source = random.Random(1)
    numbers = [*SPECIAL, *(at + step for at in LENGTHS for step in (-1, 0, 1)), *source.sample(range(CHARACTERS), 500)]
    (folder / "random").write_bytes(source.randbytes(100_000))
    (folder / "dense").write_bytes(bytes(source.choices(b" xy\n\x7f\x80\x81\xa0\xbf\xc2\xc3\xe0\xe2\xe3\xed\xf0\xf4\xff", k=100_000)))
    (folder / "characters").write_bytes(between([utf8(number) for number in numbers]))
    (folder / "boundaries").write_bytes(between([utf8(at + step) for at in PRINTABLE for step in (-1, 0)]))
    (folder / "ill-formed").write_bytes(between(ILL_FORMED))
    (folder / "blocks").write_bytes(across_blocks())
    (folder / "README.md").write_bytes((ROOT / "README.md").read_bytes())
    for count, sequence in enumerate((b"\xc3", b"\xe3\x80", b"\xf0\x9f\x98", b"\xa0", utf8(0xE9), utf8(0xA0)), 1):
        (folder / f"end{count}").write_bytes(b"a b " + sequence)
    return folder


def same(machine: str, files: list[str], folder: Path, locale: str) -> None:
    assert exok(machine, "wc.py", files, None, folder, locale).stdout == gnu("wc", files, None, folder, locale).stdout


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.boot)])
def test_words(machine: str, locale: str, texts: Path) -> None:
    same(machine, sorted(path.name for path in texts.iterdir()), texts, locale)


@pytest.mark.parametrize("locale", LOCALES)
def test_words_under_cpython(locale: str, texts: Path) -> None:
    same("cpython", ["ill-formed", "README.md", "end1", "end5"], texts, locale)


@pytest.mark.slow
@pytest.mark.parametrize("locale", LOCALES)
def test_every_character(locale: str, texts: Path, tmp_path: Path) -> None:
    (tmp_path / "all").write_bytes(b"".join(b" %b x%by" % (utf8(number), utf8(number)) for number in range(CHARACTERS)))
    same("native", ["all"], tmp_path, locale)


@pytest.mark.slow
def test_the_table_is_the_c_library_s(texts: Path) -> None:
    assert list(PRINTABLE) == boundaries(members("iswprint"))
    assert [is_space(number) for number in range(CHARACTERS)] == members("iswspace")


def test_characters_between_boundaries() -> None:
    for which, (low, high) in enumerate(pairwise(PRINTABLE)):
        assert is_printable(low) == is_printable(high - 1) == (which % 2 == 0)
    assert not is_printable(0)
    assert not is_printable(CHARACTERS - 1)


@pytest.mark.parametrize(
    "variables, words",
    [
        ([], 1),
        (["LANG=C.UTF-8"], 2),
        (["LANG=nl_NL.utf8@euro"], 2),
        (["LANG=en_US.Utf-8"], 2),
        (["LANG=C.UTF-16"], 1),
        (["LANG=C.UTF-88"], 1),
        (["LANG=en_US"], 1),
        (["LANG=UTF-8"], 1),
        (["LC_CTYPE=C", "LANG=C.UTF-8"], 1),
        (["LC_CTYPE=C.UTF-8", "LANG=C"], 2),
        (["LC_ALL=", "LC_CTYPE=C.UTF-8"], 2),
        (["LC_ALL=POSIX", "LC_CTYPE=C.UTF-8"], 1),
    ],
    ids=str,
)
def test_the_variable_that_decides(variables: list[str], words: int, tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes("\u00e9 a".encode())
    given = dict.fromkeys(("LC_ALL", "LC_CTYPE", "LANG"), "") | dict(text.split("=") for text in variables)
    options = [f"-e{name}={value}" for name, value in given.items()]
    ended = exok("native", "wc.py", ["-w", "text"], None, tmp_path, options=options)
    assert ended.stdout == f"{words} text\n".encode()


@pytest.mark.boot
def test_a_quarter_of_a_gibibyte_of_input(tmp_path: Path) -> None:
    size = 256 << 20
    with (tmp_path / "hole").open("wb") as file:
        file.write(b"at the beginning\n")
        file.seek(size - 7)
        file.write(b" at end")
    ran = exok("qemu", "wc.py", ["hole"], None, tmp_path)
    assert (ran.stdout, ran.stderr, ran.returncode) == (f"        1         5 {size} hole\n".encode(), b"", 0)
