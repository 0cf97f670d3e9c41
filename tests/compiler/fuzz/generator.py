"""Random programs in the dialect: always accepted by the compiler, often faulty when run.

A program has statics of every kind of storage and functions of three integers that read and
change them. What each call returns, raises or faults with, and what the statics hold then, is
the same on every machine or the compiler is wrong. Work is bounded by fuel, not by luck.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.compiler.fuzz.preamble import PREAMBLE

FUNCTIONS = 8  # in a program
INTERESTING = [0, 1, 2, 3, 5, 7, 8, 15, 16, 31, 63, 64, 100, 127, 128, 255, 256, 1000, 32767, 65535, 2**31, 2**32, 2**62]
ARRAYS = {"octets": (16, "u8"), "shorts": (8, "i16"), "halves": (8, "u32"), "whole": (8, "int"), "naturals": (4, "u64")}
LIMITS = {"u8": (0, 255), "i16": (-(2**15), 2**15 - 1), "u32": (0, 2**32 - 1), "u64": (0, 2**63 - 1)}
TEXTS = ['b""', 'b"a"', 'b"hello"', 'b"\\x00\\xff\\x80"', 'b"the quick brown fox"', 'b"aaaab"']


@dataclass
class Scope:
    """What a statement may mention."""

    readable: list[str]
    assignable: list[str]
    in_loop: bool = False
    depth: int = 0

    def inner(self, *names: str, in_loop: bool | None = None) -> Scope:
        looping = self.in_loop if in_loop is None else in_loop
        return Scope([*self.readable, *names], list(self.assignable), looping, self.depth + 1)


@dataclass
class Generator:
    """Writes one program from a seed."""

    seed: int
    lines: list[str] = field(default_factory=list)
    names: int = 0
    known: list[str] = field(default_factory=list)  # functions that may be called, which never raise

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def program(self) -> str:
        self.lines = PREAMBLE.splitlines()
        for number in range(FUNCTIONS):
            self.function(f"f{number}")
        return "\n".join(self.lines) + "\n"

    def function(self, name: str) -> None:
        raising = self.random.random() < 0.3
        self.lines += ["", "", f"def {name}(a: int, b: int, c: int) -> int:"]
        self.write(1, "if not spend():")
        self.write(2, "return 0")
        scope = Scope(["a", "b", "c"], ["a", "b", "c"])
        if self.random.random() < 0.5:
            self.write(1, "local: Array[int] = array(4)")
            self.write(1, f"local[{self.random.randrange(4)}] = a")
        else:
            self.write(1, "local = whole")
        self.block(1, scope, self.random.randrange(3, 8))
        if raising:
            self.write(1, f"if {self.truth(scope, 1)}:")
            self.write(2, f"raise {self.random.choice(['Broken', 'Missing'])}")
        self.write(1, f"return {self.number(scope, 3)}")
        if not raising:
            self.known.append(name)

    def write(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def fresh(self) -> str:
        self.names += 1
        return f"v{self.names}"

    # Statements

    def block(self, depth: int, scope: Scope, count: int) -> None:
        for _ in range(count):
            self.statement(depth, scope)

    def body(self, depth: int, scope: Scope) -> None:
        self.block(depth, scope, self.random.randrange(1, 4))

    def statement(self, depth: int, scope: Scope) -> None:
        simple: list[Callable[[int, Scope], None]] = [
            self.assign, self.assign, self.augment, self.store, self.store, self.change_point, self.unpack, self.copy,
            self.make_point, self.local_store,
        ]  # fmt: skip
        nested: list[Callable[[int, Scope], None]] = [
            self.choose, self.choose, self.count_loop, self.while_loop, self.element_loop, self.attempt, self.match,
            self.section, self.generate, self.optional,
        ]  # fmt: skip
        kind = self.random.choice(simple if scope.depth > 2 or self.random.random() < 0.6 else nested)
        kind(depth, scope)

    def assign(self, depth: int, scope: Scope) -> None:
        name = self.random.choice([self.fresh(), self.random.choice(scope.assignable)])
        self.write(depth, f"{name} = {self.number(scope, 3)}")
        if name not in scope.readable:
            scope.readable.append(name)
            scope.assignable.append(name)

    def augment(self, depth: int, scope: Scope) -> None:
        operator = self.random.choice(["+", "-", "//", "%", "&", "|", "^", ">>"])
        value = self.number(scope, 2)
        if operator in ("//", "%", ">>"):
            value = f"({value} & 31 | 1)"
        self.write(depth, f"{self.random.choice(scope.assignable)} {operator}= {value}")

    def store(self, depth: int, scope: Scope) -> None:
        name = self.random.choice([*ARRAYS])
        length, kind = ARRAYS[name]
        value = self.fitted(self.number(scope, 2), kind)
        operator = self.random.choice(["=", "=", "=", "|=", "^="])
        self.write(depth, f"{name}[{self.index(scope, length)}] {operator} {value}")

    def fitted(self, value: str, kind: str) -> str:
        """An expression made to fit a storage, nearly always."""
        if kind not in LIMITS or self.random.random() < 0.01:
            return value
        least, most = LIMITS[kind]
        return f"({value}) % {most + 1}" if least == 0 else f"({value}) % 65536 - 32768"

    def change_point(self, depth: int, scope: Scope) -> None:
        point = self.point(scope)
        number = self.number(scope, 2)
        self.write(
            depth,
            self.random.choice(
                [
                    f"{point}.x = {number}",
                    f"{point}.small = ({number}) & 255",
                    f"{point}.on = {self.truth(scope, 1)}",
                    f"{point}.tag = {self.word(scope)}",
                    f"{point}.color = Color.{self.random.choice(['RED', 'GREEN', 'BLUE'])}",
                    f"{point}.grow({number})",
                    f"box.line[{self.index(scope, 6)}] = ({number}) % 65536",
                ]
            ),
        )

    def make_point(self, depth: int, scope: Scope) -> None:
        fields = f"x={self.number(scope, 2)}, small=({self.number(scope, 1)}) & 255, tag={self.word(scope)}"
        target = self.random.choice([f"points[{self.index(scope, 4)}]", "box.inner"])
        self.write(depth, f"{target} = Point({fields}, on={self.truth(scope, 1)})")

    def unpack(self, depth: int, scope: Scope) -> None:
        first, second = self.fresh(), self.fresh()
        self.write(depth, f"{first}, {second} = both({self.number(scope, 2)}, {self.number(scope, 1)})")
        scope.readable += [first, second]
        scope.assignable += [first, second]

    def copy(self, depth: int, scope: Scope) -> None:
        low, size = self.random.randrange(8), self.random.randrange(9)
        start = self.random.randrange(8)
        self.write(depth, f"octets[{low}:{low + size}] = octets[{start}:{start + size}]")

    def local_store(self, depth: int, scope: Scope) -> None:
        self.write(depth, f"local[{self.index(scope, 4)}] = {self.number(scope, 2)}")

    def choose(self, depth: int, scope: Scope) -> None:
        self.write(depth, f"if {self.truth(scope, 2)}:")
        self.body(depth + 1, scope.inner())
        if self.random.random() < 0.4:
            self.write(depth, f"elif {self.truth(scope, 2)}:")
            self.body(depth + 1, scope.inner())
        if self.random.random() < 0.6:
            self.write(depth, "else:")
            self.body(depth + 1, scope.inner())
        elif scope.in_loop and self.random.random() < 0.3:
            self.write(depth, f"if {self.truth(scope, 1)}:")
            self.write(depth + 1, self.random.choice(["break", "continue"]))

    def count_loop(self, depth: int, scope: Scope) -> None:
        name = self.fresh()
        bounds = self.random.choice(
            ["4", "2, 5", f"({self.number(scope, 1)}) % 5", f"({self.number(scope, 1)}) % 4, 6", "5, 0, -2", "0, 7, 3"]
        )
        self.write(depth, f"for {name} in range({bounds}):")
        self.body(depth + 1, scope.inner(name, in_loop=True))

    def while_loop(self, depth: int, scope: Scope) -> None:
        self.write(depth, f"while spend() and {self.truth(scope, 1)}:")
        self.body(depth + 1, scope.inner(in_loop=True))

    def element_loop(self, depth: int, scope: Scope) -> None:
        name, position = self.fresh(), self.fresh()
        values = self.random.choice([*ARRAYS, "TABLE", "box.line", "octets[3:9]", self.random.choice(TEXTS[2:])])
        if self.random.random() < 0.5 or values == "TABLE":
            self.write(depth, f"for {name} in {values}:")
            self.body(depth + 1, scope.inner(name, in_loop=True))
        else:
            self.write(depth, f"for {position}, {name} in enumerate({values}):")
            self.body(depth + 1, scope.inner(name, position, in_loop=True))

    def attempt(self, depth: int, scope: Scope) -> None:
        name = self.fresh()
        self.write(depth, f"{name} = 0")
        scope.readable.append(name)
        scope.assignable.append(name)
        self.write(depth, "try:")
        self.write(depth + 1, f"{name} = risky({self.number(scope, 1)}, {self.number(scope, 1)})")
        if self.random.random() < 0.5:
            self.body(depth + 1, scope.inner(in_loop=False))
        if self.random.random() < 0.5:
            self.write(depth, "except Mishap:")
        else:
            self.write(depth, "except Broken:")
            self.body(depth + 1, scope.inner())
            self.write(depth, "except Missing:")
        self.body(depth + 1, scope.inner())
        if self.random.random() < 0.3:
            self.write(depth, "finally:")
            self.body(depth + 1, scope.inner(in_loop=False))

    def match(self, depth: int, scope: Scope) -> None:
        self.write(depth, f"match ({self.number(scope, 2)}) % 6:")
        for case in ("0", "1 | 2", "4", "_"):
            self.write(depth + 1, f"case {case}:")
            self.body(depth + 2, scope.inner())

    def section(self, depth: int, scope: Scope) -> None:
        name = self.fresh()
        self.write(depth, f"with counted(({self.number(scope, 1)}) % 100) as {name}:")
        self.body(depth + 1, scope.inner(name))

    def generate(self, depth: int, scope: Scope) -> None:
        name = self.fresh()
        self.write(depth, f"for {name} in counting(({self.number(scope, 1)}) % 4):")
        self.body(depth + 1, scope.inner(name, in_loop=True))

    def optional(self, depth: int, scope: Scope) -> None:
        name = self.fresh()
        self.write(depth, f"{name} = find_point(({self.number(scope, 1)}) % 3)")
        self.write(depth, f"if {name} is not None:")
        self.write(depth + 1, f"{name}.x = {self.number(scope, 1)}")
        self.body(depth + 1, scope.inner())

    # Expressions

    def index(self, scope: Scope, length: int) -> str:
        if self.random.random() < 0.3:
            return str(self.random.randrange(length))
        if self.random.random() < 0.005:
            return self.random.choice(scope.readable)
        return f"({self.number(scope, 1)}) % {length}"

    def point(self, scope: Scope) -> str:
        return self.random.choice([f"points[{self.index(scope, 4)}]", "box.inner"])

    def constant(self) -> str:
        if self.random.random() < 0.7:
            return str(self.random.randrange(10))
        value = self.random.choice(INTERESTING) + self.random.randrange(-1, 2)
        return str(-value) if self.random.random() < 0.2 and value > 0 else str(value)

    def number(self, scope: Scope, depth: int) -> str:
        if depth == 0 or self.random.random() < 0.25:
            return self.random.choice([*scope.readable, *scope.readable, self.constant()])
        left, right = self.number(scope, depth - 1), self.number(scope, depth - 1)
        if not left.isidentifier() and "[" not in left:  # of constants alone the compiler would refuse an overflow
            left = self.random.choice(scope.readable)
        choice = self.random.randrange(23)
        if choice < 10:
            return f"({left} {self.random.choice(['+', '-', '&', '|', '^', '+', '-'])} {right})"
        forms: list[Callable[[], str]] = [
            lambda: f"({left} {self.random.choice(['//', '%'])} {self.random.choice([f'({right} | 1)', '7', '8', '-3'])})",
            lambda: f"({left} {self.random.choice(['<<', '>>'])} {self.random.choice(['3', f'({right} & 15)'])})",
            lambda: f"{self.random.choice('-~')}({left})",
            lambda: f"({left} if {self.truth(scope, depth - 1)} else {right})",
            lambda: self.element(scope),
            lambda: self.field(scope, right),
            lambda: self.word_part(scope),
            lambda: self.call(scope, left, right),
            lambda: f"int({self.truth(scope, depth - 1)})",
            lambda: self.of_text(scope),
            lambda: f"{self.random.choice(['min', 'max'])}({left}, {right})",
            lambda: f"({left} * {right})",
            lambda: self.careless(left, right),
        ]
        return forms[choice - 10]()

    def careless(self, left: str, right: str) -> str:
        """What may well fault."""
        operator = self.random.choice(["//", "%", "<<", ">>"])
        return f"({left} {operator} {right})" if self.random.random() < 0.2 else f"({left} | {right})"

    def element(self, scope: Scope) -> str:
        name = self.random.choice([*ARRAYS, "local"])
        return f"{name}[{self.index(scope, ARRAYS.get(name, (4, ''))[0])}]"

    def field(self, scope: Scope, factor: str) -> str:
        point = self.point(scope)
        return self.random.choice(
            [f"{point}.x", f"{point}.small", f"{point}.weight({factor})", "box.count", f"box.line[{self.index(scope, 6)}]"]
        )

    def word(self, scope: Scope) -> str:
        value = self.number(scope, 1)
        return self.random.choice(
            [
                f"Tag.of({value})",
                f"Tag(low=({value}) % 16, flag={self.truth(scope, 0)})",
                f"{self.point(scope)}.tag.replace(middle=({value}) & 4095)",
            ]
        )

    def word_part(self, scope: Scope) -> str:
        part = self.random.choice([".low", ".middle", ".high"])
        word = self.word(scope)
        return self.random.choice([f"{word}{part}", f"int({word})", f"int(Small.of({self.number(scope, 1)}))"])

    def call(self, scope: Scope, left: str, right: str) -> str:
        if self.known and self.random.random() < 0.5:
            return f"{self.random.choice(self.known)}({left}, {right}, {self.random.choice(scope.readable)})"
        return self.random.choice(
            [
                f"wrapping_add({left}, {right})",
                f"wrapping_multiply({left}, {right})",
                f"rotate_left({left}, {right})",
                f"unsigned_shift_right({left}, {right} & 127)",
                f"total(octets[{self.random.randrange(9)}:{self.random.randrange(20)}])",
                f"both({left}, {right}).second",
            ]
        )

    def of_text(self, scope: Scope) -> str:
        text = self.random.choice(TEXTS[1:])
        return self.random.choice(
            [f"len({text})", f"{text}[{self.index(scope, 1)}]", f"len({text}[{self.random.randrange(4)}:])"]
        )

    def truth(self, scope: Scope, depth: int) -> str:
        left, right = self.number(scope, max(depth, 1) - 1), self.number(scope, max(depth, 1) - 1)
        relation = self.random.choice(["==", "!=", "<", "<=", ">", ">="])
        if depth == 0 or self.random.random() < 0.4:
            return f"({left} {relation} {right})"
        return self.random.choice(
            [
                f"({self.truth(scope, depth - 1)} and {self.truth(scope, depth - 1)})",
                f"({self.truth(scope, depth - 1)} or {self.truth(scope, depth - 1)})",
                f"(not {self.truth(scope, depth - 1)})",
                f"({left} {relation} {right} < {self.number(scope, 0)})",
                f"{self.point(scope)}.on",
                f"unsigned_less({left}, {right})",
                f"({self.random.choice(TEXTS)} == {self.random.choice(TEXTS)})",
                f"({self.word(scope)} == {self.word(scope)})",
                f"({self.point(scope)}.color == Color.GREEN)",
                f"{self.random.choice(TEXTS)}.startswith({self.random.choice(TEXTS)})",
                f"({left} in (1, 2, {right}))",
            ]
        )
