"""Loops of optimised code, each shown to go step by step with a loop of the source.

Both are cut at their heads. What a phi node holds there is guessed from its first value: what
a variable of the source holds, or that and something, or what it always held. Then, whatever
the source's variables and tables hold at its head some steps on, with the tables the same and
the phi nodes as guessed: one goes on if and only if the other does, and after one step of both
all that is so again. Neither is ever unrolled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from exokernel.prover import terms
from exokernel.prover.cells import State
from exokernel.prover.llvm.addresses import Sum
from exokernel.prover.llvm.questions import Ask, Question
from exokernel.prover.llvm.reader import Code
from exokernel.prover.llvm.source import Passed
from exokernel.prover.paths import Conditions, Path
from exokernel.prover.solver import Verdict
from exokernel.prover.terms import Term
from exokernel.prover.values import is_term

if TYPE_CHECKING:
    from exokernel.prover.llvm.execute import Machine

SLOT = "$"  # in the name of a place in a function's own frame


class Unlike(Exception):
    """A loop of the optimised code for which the source has none, as far as guesses go; certain when z3 could always tell."""

    def __init__(self, what: str, is_certain: bool) -> None:
        super().__init__(what)
        self.is_certain = is_certain


@dataclass(frozen=True)
class Guess:
    """What a phi node holds at the head of its loop, by what the source's variables hold at the head of theirs."""

    holds: Callable[[Path], Term]
    trust: int  # less is likelier


class Simulation:
    """The source's loops, and what has been found to go with them."""

    def __init__(
        self,
        start: State,
        passed: list[Passed],
        ask: Ask,
        try_out: Callable[[Conditions, Term], Verdict],
    ) -> None:
        self.start, self.passed, self.ask, self.try_out = start, passed, ask, try_out
        self.is_certain = True  # until z3 cannot tell
        self.entered: list[tuple[Passed, Term]] = []  # with which loop of the source, and when
        self.within: Passed | None = None

    def pass_loop(self, machine: Machine, code: Code, head: str, path: Path) -> Iterator[tuple[str | None, Path]]:
        """Go through a loop that control reaches at its head: the ways out of it."""
        passed = self.counterpart(path)
        if passed is None:
            if self.follows(path.conditions, terms.FALSE):
                return  # control never comes here
            raise self.unlike(f"the loop at {head} of {code.name} is no loop of the source")
        nodes = [one.result for one in code.blocks[head] if one.operation == "phi"]
        ways = {name: self.guesses(passed, path, name) for name in nodes}
        taken = {name: next(way) for name, way in ways.items()}
        while True:
            before = machine.mark(), len(self.entered)
            leaving, back = self.step(machine, code, head, path, passed, taken)
            wrong = next((name for name in nodes if not self.keeps(name, taken[name], passed, back)), None)
            if wrong is None:
                break
            machine.back_to(before[0])
            del self.entered[before[1] :]
            taken[wrong] = next(ways[wrong])
        self.entered.append((passed, terms.both(path.conditions)))
        self.compare_step(code, path, passed, back)
        for target, paths in leaving.items():
            for each in paths:
                yield target, each

    def follows(self, conditions: Conditions, claim: Term) -> bool:
        """Whether a claim is true, as far as that is found with some effort."""
        verdict = self.try_out(conditions, claim)
        self.is_certain = self.is_certain and verdict is not Verdict.UNKNOWN
        return verdict is Verdict.PROVED

    def unlike(self, what: str) -> Unlike:
        return Unlike(what, self.is_certain)

    def counterpart(self, path: Path) -> Passed | None:
        """The loop of the source that is entered, with the same tables, whenever this one is."""
        taken = [each for each, _ in self.entered]
        for passed in sorted(self.passed, key=lambda each: any(each is other for other in taken)):
            if passed.within is self.within and self.follows(path.conditions, terms.both(passed.entry.conditions)):
                claims = (claim for _, claim in self.same_tables(passed.entry, path))
                if all(self.follows(path.conditions, claim) for claim in claims):
                    return passed
        return None

    def same_tables(self, source: Path, optimised: Path) -> Iterator[tuple[str, Term]]:
        left, right = source.state, optimised.state
        for name in sorted({*left.changed(self.start), *right.changed(self.start)}):
            if SLOT not in name:
                yield name, same_cells(left, right, name)

    def guesses(self, passed: Passed, path: Path, name: str) -> Iterator[Guess]:
        """What a phi node may hold, the likeliest first; all of it is true on entry. Raises Unlike after the last."""
        value: Any = path.locals[name]
        if isinstance(value, Sum) or not is_term(value):
            raise self.unlike(f"{name} is no number")
        conditions = (*path.conditions, *passed.entry.conditions)
        found = [Guess(lambda at: value, 2)]
        for variable in passed.variables:
            old = passed.entry.locals.get(variable)
            if is_term(old):
                found += guesses_from(variable, old, value, name.startswith(f"%.local.{variable}."))
        for each in sorted(found, key=lambda each: each.trust):
            if self.follows(conditions, value == each.holds(passed.entry)):
                yield each
        raise self.unlike(f"{name} is no variable of {passed.where}")

    def step(
        self, machine: Machine, code: Code, head: str, path: Path, passed: Passed, guesses: dict[str, Guess]
    ) -> tuple[dict[str | None, list[Path]], list[Path]]:
        """Run one step from the head."""
        held = {name: guess.holds(passed.head) for name, guess in guesses.items()}
        start = replace(path, locals={**path.locals, **held}, state=passed.head.state)
        start.assume(terms.both(passed.head.conditions))
        outer, self.within = self.within, passed
        found = machine.region(code, machine.flow(code).loops[head], head, start)
        self.within = outer
        return found

    def keeps(self, name: str, guess: Guess, passed: Passed, back: list[Path]) -> bool:
        """Whether a guess is true again after a step."""
        return all(
            self.follows((*here.conditions, *there.conditions), as_term(here.locals[name]) == guess.holds(there))
            for here in back
            for there in passed.back
        )

    def compare_step(self, code: Code, path: Path, passed: Passed, back: list[Path]) -> None:
        """Ask whether both loops go on alike, and leave the same tables after a step."""
        ours = terms.either(terms.both(each.conditions) for each in back)
        theirs = terms.either(terms.both(each.conditions) for each in passed.back)
        context = (*path.conditions, *passed.head.conditions)
        self.ask(
            [
                Question(f"{passed.where} goes on when it does in the source", (*context, theirs), ours),
                Question(f"{passed.where} goes on only when it does in the source", (*context, ours), theirs),
                *(each for here in back for there in passed.back for each in self.same_step(passed, there, here)),
            ]
        )

    def same_step(self, passed: Passed, source: Path, optimised: Path) -> Iterator[Question]:
        conditions = (*optimised.conditions, *source.conditions)
        for name, claim in self.same_tables(source, optimised):
            yield Question(f"a step of {passed.where} leaves the same {name}", conditions, claim)

    def finish(self) -> None:
        """Ask whether no loop of the source was left out."""
        for passed in self.passed:
            entered = terms.either(condition for each, condition in self.entered if each is passed)
            self.ask([Question(f"{passed.where} is entered when it is in the source", passed.entry.conditions, entered)])


def guesses_from(variable: str, old: Term, value: Term, is_namesake: bool) -> list[Guess]:
    """What a phi node may have to do with one variable of the source."""
    if terms.is_truth(old):
        if value.size() != 1:
            return []
        one, zero = terms.number(1, 1), terms.number(0, 1)
        return [
            Guess(lambda at: terms.choose(at.locals[variable], one, zero), 1 - is_namesake),
            Guess(lambda at: terms.choose(at.locals[variable], zero, one), 1),
        ]
    if old.size() != value.size():
        return [Guess(lambda at: terms.low_bits(at.locals[variable], value.size()), 3)] if old.size() > value.size() else []
    apart = terms.simplify(value - old)
    constant = terms.literal(apart)
    trust = 4 if constant is None else 1 if constant == 0 else 3
    return [Guess(lambda at: terms.simplify(at.locals[variable] + apart), trust - is_namesake)]


def as_term(value: Any) -> Term:
    return value.term if isinstance(value, Sum) else value


def same_cells(source: State, optimised: State, name: str) -> Term:
    """That a family of cells is the same in both states."""
    left, right = source.table(name), optimised.table(name)
    key = terms.variable(f"any {name}", sum(left.family.widths) or 1)
    return terms.equal(left.look_up(key, len(left.updates)), right.look_up(key, len(right.updates)))
