"""More of the dialect for generated programs: what `generator` has no statements for."""

from __future__ import annotations

from collections.abc import Callable

from tests.compiler.fuzz.generator import TEXTS, Generator, Scope


class RichGenerator(Generator):
    """Writes programs that use everything."""

    def statement(self, depth: int, scope: Scope) -> None:
        kinds: list[Callable[[int, Scope], None]] = [
            self.local_point, self.listed, self.attempt_again, self.zipped, self.pairs_loop, self.flags, self.leave,
            self.tuple_match, self.optional_reference, self.stacked, self.copied, self.guarded_match, self.searched,
        ]  # fmt: skip
        if scope.depth <= 2 and self.random.random() < 0.25:
            self.random.choice(kinds)(depth, scope)
        else:
            super().statement(depth, scope)

    def local_point(self, depth: int, scope: Scope) -> None:
        name, result = self.fresh(), self.fresh()
        self.write(depth, f"{name} = Point(x={self.number(scope, 1)}, small=({self.number(scope, 1)}) & 255)")
        if self.random.random() < 0.5:
            self.write(depth, f"{name}.grow({self.number(scope, 1)})")
        if self.random.random() < 0.3:
            self.write(depth, f"{name}.tag = {self.word(scope)}")
        self.write(depth, f"{result} = weigh({name}, scale={self.number(scope, 1)} & 15) // 2")
        self.introduce(scope, result)

    def introduce(self, scope: Scope, name: str) -> None:
        scope.readable.append(name)
        scope.assignable.append(name)

    def listed(self, depth: int, scope: Scope) -> None:
        if depth > 1:  # a list is made once, not in a loop
            return self.assign(depth, scope)
        name, value, result = self.fresh(), self.fresh(), self.fresh()
        inner = Scope([*scope.readable, value], [])
        condition = f" if {self.truth(inner, 1)}" if self.random.random() < 0.5 else ""
        source = self.random.choice(["range(5)", "octets", "TABLE", "box.line"])
        self.write(depth, f"{name} = [{self.number(inner, 1)} & 65535 for {value} in {source}{condition}]")
        self.write(depth, f"{result} = len({name})")
        self.introduce(scope, result)
        self.write(depth, f"for {value} in {name}:")
        self.body(depth + 1, scope.inner(value, in_loop=True))

    def attempt_again(self, depth: int, scope: Scope) -> None:
        result = self.fresh()
        self.write(depth, f"{result} = 1")
        self.introduce(scope, result)
        self.write(depth, "try:")
        self.write(depth + 1, f"{result} = {self.random.choice(['again', 'stubborn'])}(({self.number(scope, 2)}) & 1023)")
        self.write(depth, self.random.choice(["except (Broken, Missing):", "except Mishap:"]))
        self.body(depth + 1, scope.inner())

    def zipped(self, depth: int, scope: Scope) -> None:
        left, right = self.fresh(), self.fresh()
        one, other = self.random.sample(["octets", "shorts", "whole", "box.line", "halves[1:4]"], 2)
        self.write(depth, f"for {left}, {right} in zip({one}, {other}):")
        self.body(depth + 1, scope.inner(left, right, in_loop=True))

    def pairs_loop(self, depth: int, scope: Scope) -> None:
        left, right = self.fresh(), self.fresh()
        self.write(depth, f"for {left}, {right} in pairs(({self.number(scope, 1)}) % 4):")
        self.body(depth + 1, scope.inner(left, right, in_loop=True))

    def flags(self, depth: int, scope: Scope) -> None:
        name = self.fresh()
        self.write(depth, f"{name} = mode_of(({self.number(scope, 1)}) & 255)")
        test = self.random.choice([f"Mode.RUN in {name}", f"{name} & Mode.WRITE", f"{name} == Mode.READ | Mode.WRITE"])
        self.write(depth, f"if {test}:")
        self.body(depth + 1, scope.inner())
        text = self.random.choice(['"red"', '"green"', '"grey"'])
        self.write(depth, f"elif named(color_of(({self.number(scope, 1)}) & 255)) == {text}:")
        self.body(depth + 1, scope.inner())

    def leave(self, depth: int, scope: Scope) -> None:
        self.write(depth, f"if {self.truth(scope, 1)}:")
        self.write(depth + 1, f"return {self.number(scope, 2)}")

    def tuple_match(self, depth: int, scope: Scope) -> None:
        self.write(depth, f"match color_of(({self.number(scope, 1)}) & 255):")
        for case in ("Color.RED | Color.GREEN", "Color.BLUE"):
            self.write(depth + 1, f"case {case}:")
            self.body(depth + 2, scope.inner())

    def optional_reference(self, depth: int, scope: Scope) -> None:
        name, result = self.fresh(), self.fresh()
        self.write(depth, f"{name} = perhaps(({self.number(scope, 1)}) & 7)")
        self.write(depth, f"{result} = {name}.x if {name} is not None else {self.number(scope, 1)}")
        self.introduce(scope, result)

    def stacked(self, depth: int, scope: Scope) -> None:
        if depth > 1:  # a list is made once, not in a loop
            return self.assign(depth, scope)
        name, value, result = self.fresh(), self.fresh(), self.fresh()
        self.write(depth, f"{name} = [{self.number(scope, 1)}, {self.number(scope, 1)}]")
        self.write(depth, f"for {value} in TABLE:")
        self.write(depth + 1, f"if {self.truth(scope, 1)}:")
        self.write(depth + 2, f"{name}.append({value})")
        self.write(depth + 1, f"elif {value} > {self.random.randrange(9)}:")
        self.write(depth + 2, f"{name}.pop()")
        index = f"({self.random.choice(scope.readable)} ^ {self.number(scope, 1)}) % 4 - 1"  # no constant: it would be refused
        self.write(depth, f"{result} = {name}[{index}] if len({name}) != 0 else 0")
        self.introduce(scope, result)

    def copied(self, depth: int, scope: Scope) -> None:
        low, high = sorted(self.random.sample(range(9), 2))
        start = self.random.randrange(8)
        points = f"points[({self.number(scope, 1)}) & 3]"
        self.write(
            depth,
            self.random.choice(
                [
                    f"octets[{low}:{high}] = octets[{start}:{start + high - low}]",
                    f"{points} = points[{self.random.randrange(4)}]",
                    f"{points} = Point(x=points[1].x, tag={self.word(scope)}, color=color_of(points[2].small))",
                    f"box.inner = {points}",
                ]
            ),
        )

    def guarded_match(self, depth: int, scope: Scope) -> None:
        name = self.fresh()
        self.write(depth, f"match ({self.number(scope, 1)}) % 7:")
        for case in (f"case 0 | 3 if {self.truth(scope, 1)}:", "case 3:", f"case {name} if {name} > 4:", "case _:"):
            inner = scope.inner(name) if f"case {name}" in case else scope.inner()
            self.write(depth + 1, case)
            self.body(depth + 2, inner)

    def searched(self, depth: int, scope: Scope) -> None:
        value = self.fresh()
        self.write(depth, f"for {value} in {self.random.choice(['kept(3)', 'octets', 'reversed(TABLE)', 'range(9, -2, -3)'])}:")
        self.write(depth + 1, f"if {value} % 5 == ({self.number(scope, 1)}) & 3:")
        self.write(depth + 2, self.random.choice(["break", f"return {self.number(scope, 1)}"]))
        self.write(depth, "else:")
        self.body(depth + 1, scope.inner())

    def word(self, scope: Scope) -> str:
        if self.random.random() < 0.7:
            return super().word(scope)
        return f"{super().word(scope)}.{self.random.choice(['joined', 'without'])}({super().word(scope)})"

    def call(self, scope: Scope, left: str, right: str) -> str:
        if self.random.random() < 0.6:
            return super().call(scope, left, right)
        text = self.random.choice(TEXTS[2:])
        return self.random.choice(
            [
                f"joined({left}, second={right})",
                f"joined({left}, third={right})",
                f"guarded({left} & 63)",
                f"{text}.find({self.random.choice(TEXTS[1:])})",
                f"len(named(color_of({left} & 7)).encode())",
                f"abs({left} // 2)",
                f"len(octets[{self.random.randrange(9)}:{self.random.randrange(20)}])",
                f"sum(TABLE) + {left}",
                f"int(({left} & 255) in octets)",
                f"int({left} & 255 in {text})",
                f"max(value * ({left} & 63) % 97 for value in kept(3) if value != 1)",
                f"min(value for value in octets if value > ({left}) & 31)",
                f"max({self.random.choice(['TABLE', 'shorts', 'counting(4)'])}) - {right}",
                f"int(any(value + other == ({left}) & 15 for value in kept(3) for other in TABLE))",
                f"int(all(value != ({right}) & 7 for value in kept(2)))",
                f"sum(value for value in whole if value < {left})",
            ]
        )
