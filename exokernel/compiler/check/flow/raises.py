"""Which errors may leave which function: a fixed point over the calls; then tests that cannot fail go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exokernel.compiler.ir import operations as op

if TYPE_CHECKING:
    from exokernel.compiler.build.program import Instance
    from exokernel.compiler.build.values import Dispatch, Escape


def infer(instances: dict[str, Instance]) -> None:
    """Find the raise set of every function."""
    found: dict[str, frozenset[int]] = {name: frozenset() for name in instances}
    callers: dict[str, set[str]] = {name: set() for name in instances}
    for name, instance in instances.items():
        for escape in instance.escapes:
            if isinstance(escape.source, str):
                callers[escape.source].add(name)
    pending = set(instances)
    while pending:
        name = pending.pop()
        now = frozenset().union(*(_resolved(each, found) for each in instances[name].escapes))
        if now != found[name]:
            found[name] = now
            pending |= callers[name]
    for name, instance in instances.items():
        instance.function.raises = found[name]


def _resolved(escape: Escape, found: dict[str, frozenset[int]]) -> frozenset[int]:
    source = frozenset({escape.source}) if isinstance(escape.source, int) else found[escape.source]
    kept = source - escape.excluded
    return kept if escape.only is None else kept & escape.only


def prune(instances: dict[str, Instance]) -> None:
    """Drop the test after each call that never raises, and the cases of errors that never come."""
    found = {name: instance.function.raises for name, instance in instances.items()}
    for instance in instances.values():
        for dispatch in instance.dispatches:
            _narrow(dispatch, frozenset().union(*(_resolved(each, found) for each in dispatch.incoming)))
        for site in instance.calls:
            if instances[site.call.function].function.raises:
                continue
            operations = site.block.operations
            index = next((i for i, each in enumerate(operations) if each is site.call), None)
            if index is None:
                continue
            site.call.error = None
            branch = operations[-1]
            assert isinstance(branch, op.Branch)
            del operations[index + 1 :]
            operations.append(op.Jump(branch.otherwise, location=branch.location))


def _narrow(dispatch: Dispatch, coming: frozenset[int]) -> None:
    """Let a switch on errors tell apart only those that may come."""
    switch = dispatch.block.operations[-1]
    assert isinstance(switch, op.Switch)
    cases = tuple((number, target) for number, target in switch.cases if number in coming)
    if cases and coming <= {number for number, _ in cases}:
        switch.default = cases[-1][1]
        cases = tuple(each for each in cases if each[1] != switch.default)
    switch.cases = cases
    if not cases:
        dispatch.block.operations[-1] = op.Jump(switch.default, location=switch.location)
