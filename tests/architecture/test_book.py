"""The book says what the source says."""

from pathlib import Path

from exokernel.host.book import quoted, stale_quotations
from exokernel.host.reference import PAGE, page

ROOT = Path(__file__).parents[2]


def test_every_quotation_is_the_source() -> None:
    assert stale_quotations(ROOT) == []


def test_a_changed_quotation_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "code.py").write_text("def one() -> int:\n    return 1\n")
    page = tmp_path / "docs" / "page.md"
    page.write_text("<!-- quote code.py one -->\n```python\ndef one() -> int:\n    return 2\n```\n")
    assert [stale.reason for stale in stale_quotations(tmp_path)] == ["the source has changed"]


def test_a_method_is_quoted_without_its_indentation_and_docstring(tmp_path: Path) -> None:
    source = tmp_path / "code.py"
    source.write_text('class A:\n    @property\n    def b(self) -> int:\n        """Say."""\n        return 1\n')
    assert quoted(source, "A.b", code_only=True) == "@property\ndef b(self) -> int:\n    return 1\n"


def test_the_reference_of_calls_is_printed_from_their_declarations() -> None:
    assert PAGE.read_text() == page(), "python -m exokernel.host.reference"


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    titles = {path.name: path.read_text().partition("\n")[0].removeprefix("# ") for path in sorted(folder.glob("0*.md"))}
    index = [line for line in (folder / "README.md").read_text().splitlines() if line.startswith("- ")]
    assert index == [f"- [{title}]({name})" for name, title in titles.items()]
