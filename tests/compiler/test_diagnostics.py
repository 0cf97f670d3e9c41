"""What a refused program's author reads: the line, the caret, one sentence, a hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from exokernel.compiler.build.options import Options
from exokernel.compiler.build.program import ProgramBuilder, build_program
from exokernel.compiler.diagnostics import CompileError, Span, combined
from exokernel.compiler.pipeline import add_main, program_recipe

ROOT = Path(__file__).parents[2]


def refused(source: str, folder: Path) -> str:
    (folder / "refused.py").write_text(source)
    with pytest.raises(CompileError) as found:
        build_program(["refused"], Options((ROOT, folder), checked=("refused",)))
    return found.value.render()


def test_a_refusal_shows_where_what_and_what_to_do(tmp_path: Path) -> None:
    assert refused("def main(x: int) -> int:\n    if x:\n        return 1\n    return x / 2\n", tmp_path) == (
        "refused.py:2:8: error: a condition is a bool, not `int`\n"
        "        if x:\n"
        "           ^\n"
        "hint: write `!= 0`\n"
        "refused.py:4:12: error: `/` makes a float, and there is no floating point\n"
        "        return x / 2\n"
        "               ^^^^^\n"
        "hint: `//` divides, rounding down"
    )


def test_the_caret_stands_under_tabs_too(tmp_path: Path) -> None:
    lines = refused("def main() -> int:\n\treturn unknown\n", tmp_path).splitlines()
    assert lines[1:3] == ["    \treturn unknown", "    \t       ^^^^^^^"]


def test_a_syntax_error_is_a_refusal_like_any_other(tmp_path: Path) -> None:
    lines = refused("def main() -> int:\n    return (1\n", tmp_path).splitlines()
    assert lines[0] == "refused.py:2:12: error: this is not Python: '(' was never closed"
    assert lines[-1].startswith("hint: close it")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("def main() -> int:\n    break\n", "2:5"),
        ("def main() -> int:\n    continue\n", "2:5"),
        ("def f(a: int, a: int) -> int:\n    return a\ndef main() -> int:\n    return f(1, 2)\n", "1:15"),
        ("def main() -> int:\n    match 1:\n        case _:\n            return 1\n        case 2:\n            return 2\n", "3:14"),
        ('def main() -> int:\n    print("\\ud800")\n    return 0\n', "2:11"),
        ('def main() -> int:\n    größe = "ü" + 1\n    return größe\n', "2:13"),
    ],
)
def test_what_is_misplaced_has_its_line_and_column(text: str, place: str, tmp_path: Path) -> None:
    assert refused(text, tmp_path).startswith(f"refused.py:{place}: error: ")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"x = 1\ny = \xff\xfe", "2:5"),
        (b"x = 1\0", "1:6"),
        (b"x = " + b"(" * 500, "1:"),
        (b"x = 1\ny = " + b"-" * 100_000 + b"1", "2:1"),
        (b"x = " + b"1 + " * 100_000 + b"1", "1:1"),
        (b"def x() -> int:\n    return 0" + b".a" * 20_000, "2:"),
    ],
    ids=["not UTF-8", "a zero", "parentheses", "signs", "terms", "attributes"],
)
def test_no_file_makes_the_compiler_itself_fail(content: bytes, place: str, tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_bytes(content)
    with pytest.raises(CompileError) as found:
        build_program(["odd"], Options((ROOT, tmp_path), entries=("x",), checked=("odd",)))
    assert found.value.render().startswith(f"odd.py:{place}")
    assert "fault of its own" not in found.value.render()


LARGE = {
    "terms": "x = 1\n    return " + " + ".join(["x"] * 3000),
    "conditions": "x = 1\n    return 1 if " + " and ".join(["x == 1"] * 1000) + " else 0",
    "cases": "x = 1\n    if x == 0:\n        x = 2\n" + "    elif x == 3:\n        x = 4\n" * 1000 + "    return x",
    "statements": "x = 1\n" + "    x = x * 3 % 7\n" * 10_000 + "    return x",
    "items": f"x = {list(range(5000))}\n    return x[77]",
}


@pytest.mark.parametrize("body", LARGE.values(), ids=LARGE)
def test_large_programs_are_programs(body: str, tmp_path: Path) -> None:
    (tmp_path / "large.py").write_text(f"def main() -> int:\n    {body}\n")
    program = build_program(["large"], Options((ROOT, tmp_path), checked=("large",)))
    assert list(program.functions) == ["large.main"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def other() -> int:\n    return 0\n", ":1:1: error: this program has no function `main`"),
        ("\ndef main(x: int) -> int:\n    return 0\n", ":2:5: error: `main` takes no arguments and returns an `int`"),
    ],
)
def test_a_program_without_its_main_is_shown(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "headless.py"
    path.write_text(text)
    recipe = program_recipe(path, "exokernel")
    builder = ProgramBuilder(recipe.options)
    builder.build(recipe.roots)
    with pytest.raises(CompileError) as found:
        add_main(builder, recipe)
    assert found.value.render().startswith(f"headless.py{said}")


def test_a_module_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match="there is no module `nothing`"):
        build_program(["nothing"], Options((ROOT, tmp_path)))


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ("number = 1\n    return numbr", "did you mean `number`?"),
        ("return Point(x=1).xx", "did you mean `x`?"),
        ("return Point().x", "add `x=...`"),
        ("return scaled(1)", "add `by=...`, a `int`"),
        ("return scaled(1, bye=2)", "it takes value, by"),
        ("return Kind.ON + Kind.OF", "did you mean `OFF`?"),
        ("return int(Kind(7))", "ON is 1, OFF is 2"),
        ("low, high = Point(x=1, y=2), 3, 4\n    return low", "each value needs a name"),
        ("for value in evens(3)[0:2]:\n        pass\n    return 0", "`for item in evens(3):`"),
        ("a = [1, 2]\n    a.sort()\n    return 0", "anything else is a loop over its items"),
        ("text = 'a'\n    return text[0]", "take `.encode()` and index the bytes"),
        ("x: int = 'a'\n    return x", "write a number such as `0`"),
        ("return scaled(1, 's')", "write a number such as `0`"),
        ("return scaled(1 == 1, 2)", "write `int(...)`"),
        ("return scaled(Point(x=1), 2)", "write a number"),
        ("return lenn(b'')", "did you mean `len`?"),
        ("a: Array[int] = array(3)\n    return a[0]", "write `from exokernel.dialect import Array` at the top"),
        ("a: nothing = 1\n    return a", "declare it in this module, or import it"),
        ("from exokernel.libos.exos import arguments\n    return 0", "move it up to the other imports"),
        ("return scaled(1, 2, 3)", "it is declared `scaled(value: int, by: int)`"),
        ("text: bytes = 'a'\n    return len(text)", "take the bytes of the text: `.encode()`"),
        ("nothing: None = 3\n    return 0", "annotate it as `int`"),
        ("return one", "declare it in this module, or import it"),
        ("number = 1\n    number.x = 2\n    return 0", "what is assigned to are fields of records"),
        ("point: Point = (1, 2)\n    return 0", "write `Point(...)`"),
        ("kind: Kind = 'ON'\n    return 0", "write a member such as `Kind.ON`"),
        ("kind: Kind = 1\n    return 0", "find the member of that number: `Kind(...)`"),
        ("point = Point(x=b'a')\n    return 0", "take an element"),
    ],
)
def test_a_hint_says_what_to_write(body: str, hint: str, tmp_path: Path) -> None:
    source = (
        "from collections.abc import Iterator\nfrom typing import NamedTuple\nfrom exokernel.dialect import Enumeration\n"
        "class Point(NamedTuple):\n    x: int\n    y: int = 0\n"
        "class Kind(Enumeration, bits=8):\n    ON = 1\n    OFF = 2\n"
        "def scaled(value: int, by: int) -> int:\n    return value * by\n"
        "def evens(limit: int) -> Iterator[int]:\n    yield limit * 2\n"
    )
    said = refused(f"{source}def main() -> int:\n    {body}\n", tmp_path)
    assert f"hint: {hint}" in said, said


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("def main():\n    return 0\n", "write `def main() -> int:` and return the program's status"),
        ("def f():\n    return 1\n\ndef main() -> int:\n    return f()\n", "such as `-> int`"),
        ("def f():\n    pass\n\ndef main() -> int:\n    f()\n    return 0\n", "write `-> None`"),
        ("from exokernel.dialect import Arrray\n\ndef main() -> int:\n    return 0\n", "did you mean `Array`?"),
        ("from exokernel.abi.names import Frme\n\ndef main() -> int:\n    return 0\n", "did you mean `Frame`?"),
        ("def main() -> int\n    return 0\n", "end the line with `:`"),
        ("def main() -> int:\nreturn 0\n", "indent the body by four spaces"),
        ("def main() -> int:\n    return 0 0\n", "the mistake is at the mark or just before it"),
        ("def main() -> int:\n    break\n", "`break` and `continue` stand in a `for` or a `while`"),
    ],
)
def test_a_hint_for_what_stands_around_a_body(text: str, hint: str, tmp_path: Path) -> None:
    assert hint in refused(text, tmp_path).splitlines()[-1]


def test_what_follows_from_a_refusal_is_not_said(tmp_path: Path) -> None:
    assert refused("def main() -> int:\n    x = unknown()\n    return x\n", tmp_path).count("error:") == 1


def test_refusals_come_in_source_order_and_once() -> None:
    spans = [Span("a.py", line, 1, 2, "x") for line in (3, 1, 3)]
    error = combined([CompileError("no", span) for span in spans])
    assert [each.span.line for each in [error, *error.others] if each.span is not None] == [1, 3]


def test_a_failure_of_the_compiler_says_that_it_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fine.py").write_text("def main() -> int:\n    return 1\n")
    builder = ProgramBuilder(Options((ROOT, tmp_path)))
    monkeypatch.setattr(builder, "_drain", lambda: dict[str, None]()["lost"])
    with pytest.raises(CompileError) as found:
        builder.build(["fine"])
    assert "a fault of its own" in found.value.render()
