"""Control flow: edges between blocks, and tidying up what nothing reaches."""

from __future__ import annotations

from exokernel.compiler.ir import operations as op


def successors(block: op.Block) -> list[str]:
    """The blocks that control may go to next, without repetition."""
    match block.operations[-1]:
        case op.Jump(target):
            return [target]
        case op.Branch(_, then, otherwise):
            return [then] if then == otherwise else [then, otherwise]
        case op.Switch(_, cases, default):
            return list(dict.fromkeys([*(target for _, target in cases), default]))
        case _:
            return []


def predecessors(function: op.Function) -> dict[str, list[str]]:
    """For each block, the blocks that go to it."""
    found: dict[str, list[str]] = {block.name: [] for block in function.blocks}
    for block in function.blocks:
        for target in successors(block):
            found[target].append(block.name)
    return found


def tidy(function: op.Function) -> None:
    """Drop blocks that nothing reaches, and join a block with its only successor's only predecessor."""
    _drop_unreachable(function)
    _skip_empty(function)
    _drop_unreachable(function)
    before, by_name = predecessors(function), {block.name: block for block in function.blocks}
    gone = set[str]()
    for block in function.blocks:
        if block.name in gone:
            continue
        while isinstance(block.operations[-1], op.Jump):
            target = by_name[block.operations[-1].block]
            if len(before[target.name]) != 1 or target is function.blocks[0] or target is block:
                break
            block.operations[-1:] = target.operations
            gone.add(target.name)
    function.blocks = [block for block in function.blocks if block.name not in gone]


def _drop_unreachable(function: op.Function) -> None:
    by_name = {block.name: block for block in function.blocks}
    pending, seen = [function.blocks[0].name], {function.blocks[0].name}
    while pending:
        for target in successors(by_name[pending.pop()]):
            if target not in seen:
                seen.add(target)
                pending.append(target)
    function.blocks = [block for block in function.blocks if block.name in seen]


def _skip_empty(function: op.Function) -> None:
    """Let jumps to a block that only jumps go where it goes."""
    forward = {
        block.name: block.operations[0].block
        for block in function.blocks[1:]
        if len(block.operations) == 1 and isinstance(block.operations[0], op.Jump)
    }

    def final(name: str) -> str:
        seen = set[str]()
        while name in forward and name not in seen:
            seen.add(name)
            name = forward[name]
        return name

    for block in function.blocks:
        last = block.operations[-1]
        match last:
            case op.Jump():
                last.block = final(last.block)
            case op.Branch():
                last.then, last.otherwise = final(last.then), final(last.otherwise)
                if last.then == last.otherwise:
                    block.operations[-1] = op.Jump(last.then, location=last.location)
            case op.Switch():
                last.cases = tuple((number, final(target)) for number, target in last.cases)
                last.default = final(last.default)
