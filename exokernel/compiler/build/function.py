"""The builder of one function: blocks, locals, and the ways control leaves a place.

It knows no syntax beyond dispatching a node to the module that builds it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exokernel.compiler.build import refusals, registry
from exokernel.compiler.build.values import (
    Catch,
    Cleanup,
    Control,
    Dispatch,
    Escape,
    Frame,
    Loop,
    Rest,
    Result,
    Value,
    Variable,
)
from exokernel.compiler.check import types
from exokernel.compiler.check.flow.driver import location_span
from exokernel.compiler.check.types import Type, lowered
from exokernel.compiler.diagnostics import CompileError
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir
from exokernel.compiler.ir.extents import size_of

if TYPE_CHECKING:
    from exokernel.compiler.build.program import Instance, ProgramBuilder

LARGEST_FRAME = 1 << 20  # bytes: a program's whole stack


@dataclass(frozen=True)
class CallSite:
    """A call that may turn out never to raise: its block ends in the test of its error."""

    block: op.Block
    call: op.Call


class FunctionBuilder:
    """Builds the IR of one function instance."""

    def __init__(self, program: ProgramBuilder, instance: Instance, function: op.Function, frame: Frame) -> None:
        self.program, self.instance, self.function = program, instance, function
        self.frame = frame
        self.controls: list[Control] = []
        self.handling: list[tuple[op.Local, list[Escape]]] = []
        self.escapes: list[Escape] = []
        self.calls: list[CallSite] = []
        self.dispatches: list[Dispatch] = []
        self.falls_off: op.Stop | None = None  # reached if the function ends without a value
        self.location: op.Location | None = None
        self._temporaries = self._blocks = self._inlined = 0
        self._local_names: set[str] = set()
        self._slot_names: set[str] = set()
        self.block = op.Block("entry")
        self.live = True
        function.blocks.append(self.block)

    # Emission

    def emit(self, operation: op.Operation) -> None:
        operation.location = self.location
        self.block.operations.append(operation)

    def end(self, terminator: op.Operation) -> None:
        """End the block; what follows is dead until a block is started."""
        self.emit(terminator)
        self.block, self.live = op.Block("dead"), False

    def new_block(self, purpose: str) -> op.Block:
        self._blocks += 1
        return op.Block(f"{purpose}.{self._blocks}")

    def start(self, block: op.Block) -> None:
        """Go on in a new block, falling into it from the current one."""
        if self.live:
            self.end(op.Jump(block.name))
        self.function.blocks.append(block)
        self.block, self.live = block, True

    def jump(self, block: op.Block) -> None:
        if self.live:
            self.end(op.Jump(block.name))

    def branch(self, condition: op.Operand, then: op.Block, otherwise: op.Block) -> None:
        if isinstance(condition, op.Constant):
            self.end(op.Jump(then.name if condition.value else otherwise.name))
        else:
            self.end(op.Branch(condition, then.name, otherwise.name))

    def temporary(self, type: Type) -> op.Local:
        return self.temporary_of(lowered(type))

    def temporary_of(self, type: ir.Value) -> op.Local:
        self._temporaries += 1
        return op.Local(str(self._temporaries), type)

    def local(self, name: str, type: Type) -> op.Local:
        """A new local of the function; its name is made unique."""
        made = op.Local(_unique(f"{name}{self.frame.suffix}", self._local_names), lowered(type))
        self.function.locals.append(made)
        return made

    def slot(self, name: str, storage: ir.Storage) -> str:
        """A new place in the function's own frame."""
        unique = _unique(f"{name}{self.frame.suffix}", self._slot_names)
        self.occupy(unique, storage)
        return unique

    def occupy(self, slot: str, storage: ir.Storage) -> None:
        """Say how a slot is stored."""
        self.function.slots[slot] = storage
        size = sum(size_of(each, self.program.program.records) for each in self.function.slots.values())
        if size > LARGEST_FRAME:
            sentence = f"with `{slot.partition('.')[0]}` this function would take {size:,} bytes of stack"
            span = location_span(self.program, self.location, slot.partition(".")[0])
            raise CompileError(sentence, span, "declare it at module level: a stack has 1 MiB in all")

    def inline_suffix(self) -> str:
        self._inlined += 1
        return f".{self._inlined}"

    # Syntax

    def at(self, node: ast.AST) -> None:
        """From here on, operations come from this node."""
        line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", -1) + 1
        if line:
            self.location = op.Location(self.frame.scope.module.display, line, column, self.frame.inlined)

    def error(self, sentence: str, node: ast.AST, hint: str) -> CompileError:
        return self.frame.scope.error(sentence, node, hint)

    def expression(self, node: ast.expr, expected: Type | None = None) -> Result:
        """Build an expression; a record or array may stay where it is."""
        handler = registry.EXPRESSIONS.get(type(node))
        if handler is None:
            raise self.error(*_refusal(node))
        self.at(node)
        return handler(self, node, expected)

    def value(self, node: ast.expr, expected: Type | None = None) -> Value:
        """Build an expression down to an operand."""
        return self.materialise(self.expression(node, expected))

    def coerced(self, node: ast.expr, wanted: Type, what: str = "") -> op.Operand:
        """Build an expression to be used where `wanted` is due."""
        return self.coerce(self.value(node, wanted), wanted, node, what)

    def statements(self, body: list[ast.stmt]) -> None:
        for each in body:
            self.statement(each)

    def statement(self, node: ast.stmt) -> None:
        """Build a statement; a refusal is remembered, and the next statement is built."""
        handler = registry.STATEMENTS.get(type(node))
        self.at(node)
        frame, controls = self.frame, list(self.controls)
        try:
            if handler is None:
                raise self.error(*_refusal(node))
            handler(self, node)
        except CompileError as error:
            if frame.serves(self.frame):
                raise  # a statement of the consumer's, who is served here, is refused
            self.frame, self.controls = frame, controls
            self.program.refuse(error)
            for each in ast.walk(node):
                if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                    self.frame.poisoned.add(each.id)
                elif isinstance(each, (ast.FunctionDef, ast.ClassDef)):
                    self.frame.poisoned.add(each.name)

    # Values

    def materialise(self, result: Result) -> Value:
        """Take a reference to a place; a value stays what it is."""
        if isinstance(result, Value):
            return result
        place = result.place
        if not place.path and isinstance(place.base, op.Local):
            return Value(result.type, place.base)
        target = self.temporary(result.type)
        self.emit(op.Refer(target, place))
        return Value(result.type, target)

    def copy(self, value: Value) -> Value:
        """The value as it is now, safe from later assignments to a variable."""
        if isinstance(value.operand, op.Constant) or value.operand.name[0].isdigit():
            return value
        target = self.temporary(value.type)
        self.emit(op.Assign(target, value.operand))
        return Value(value.type, target)

    def coerce(self, value: Value, wanted: Type, node: ast.AST, what: str = "") -> op.Operand:
        """The operand as one of type `wanted`.

        Raises:
            CompileError: it is of another type.
        """
        if not types.accepts(wanted, value.type):
            raise self.mismatch(value.type, wanted, node, what)
        if isinstance(value.operand, op.Constant) and value.type == types.INT:
            self.check_range(value.operand, node)
        return self.adapt(value.operand, wanted)

    def adapt(self, operand: op.Operand, wanted: Type) -> op.Operand:
        """An operand whose IR type is exactly that of `wanted`."""
        target_type = lowered(wanted)
        if operand.type == target_type or isinstance(wanted, types.Never):
            return operand
        if isinstance(operand, op.Constant):
            return op.Constant(operand.value, target_type)
        if isinstance(operand.type, ir.Tuple) and isinstance(wanted, types.Tuple):
            return self._adapt_tuple(operand, operand.type, wanted)
        target = self.temporary(wanted)
        self.emit(op.Assign(target, operand))
        return target

    def _adapt_tuple(self, operand: op.Operand, source: ir.Tuple, wanted: types.Tuple) -> op.Operand:
        items: list[op.Operand] = []
        for position, (kind, each) in enumerate(zip(source.items, wanted.items)):
            item = self.temporary_of(kind)
            self.emit(op.Item(item, operand, position))
            items.append(self.adapt(item, each))
        target = self.temporary(wanted)
        self.emit(op.MakeTuple(target, tuple(items)))
        return target

    def check_range(self, operand: op.Constant, node: ast.AST) -> None:
        if isinstance(operand.value, int) and not -(1 << 63) <= operand.value < 1 << 63:
            raise self.error(
                f"{operand.value:#x} is no `int` of the dialect, which has 64 bits and a sign",
                node,
                "a pattern with the top bit set is a Word",
            )

    def mismatch(self, found: Type, wanted: Type, node: ast.AST, what: str = "") -> CompileError:
        whose = f"{what} is" if what else "this should be"
        verb = "but this is" if what else "not"
        return self.error(f"{whose} `{wanted}`, {verb} `{found}`", node, refusals.instead(found, wanted))

    # Control

    @contextmanager
    def inside(self, control: Control) -> Iterator[None]:
        """Build with one more control scope."""
        self.controls.append(control)
        yield
        self.controls.pop()

    @contextmanager
    def frame_of(self, frame: Frame) -> Iterator[None]:
        """Build in another activation."""
        saved, location = self.frame, self.location
        self.frame = frame
        yield
        self.frame, self.location = saved, location

    def leave_to(self, depth: int) -> None:
        """Build what must run when control leaves all scopes from `depth` on, without an error."""
        saved = self.controls
        for index in range(len(saved) - 1, depth - 1, -1):
            control = saved[index]
            if isinstance(control, (Cleanup, Rest)):
                self.controls = saved[:index]
                with self.frame_of(control.frame):
                    control.run()
        self.controls = saved

    def propagate(self, error: op.Operand, escapes: list[Escape]) -> None:
        """Send an error to whatever handles it here, or out of the function."""
        for control in reversed(self.controls):
            if isinstance(control, (Catch, Cleanup)):
                self.emit(op.Assign(control.error, error))
                control.incoming.extend(escapes)
                self.end(op.Jump(control.block.name))
                return
        self.escapes.extend(escapes)
        self.end(op.Raise(error))

    def land(self, cleanup: Cleanup) -> None:
        """Build the way of errors through a `finally`; its control scope is closed already."""
        if not cleanup.incoming:
            return
        live, block = self.live, self.block
        self.live = False
        self.start(cleanup.block)
        with self.frame_of(cleanup.frame):
            cleanup.run()
            if self.live:
                self.propagate(cleanup.error, list(cleanup.incoming))
        self.live, self.block = live, block

    def parameter(self, local: op.Local) -> op.Local:
        """Enter a parameter among the function's names."""
        self._local_names.add(local.name)
        return local

    def loop(self) -> tuple[Loop, int] | None:
        """The innermost loop of this activation, and how many scopes lie outside its body."""
        for index in range(len(self.controls) - 1, -1, -1):
            control = self.controls[index]
            if isinstance(control, Loop) and control.frame is self.frame:
                return control, index + 1
        return None

    # Names

    def declare(self, name: str, type: Type) -> Variable:
        variable = Variable(type, self.local(name, type))
        self.frame.variables[name] = variable
        return variable


def _unique(name: str, taken: set[str]) -> str:
    """The name, made different from those taken, and taken."""
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{name}.{count}"
    taken.add(candidate)
    return candidate


def _refusal(node: ast.AST) -> tuple[str, ast.AST, str]:
    sentence, hint = refusals.refusal(node)
    return sentence, node, hint
