"""LLVM as a function: IR text in, an object file and the optimised text out.

Runs in this process. LLVM ends the process on an internal error, so the text handed over must
be valid; what the parser and LLVM's own verifier refuse is reported as a fault of the compiler.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import llvmlite.binding as llvm

from exokernel.compiler.targets import Target


class EmitError(Exception):
    """LLVM refuses the text: a fault of the compiler."""


@dataclass
class MachineCode:
    """What came of a module."""

    object: bytes
    optimised: str  # LLVM IR after optimisation, with debug locations
    seconds: dict[str, float] = field(default_factory=dict)  # by phase


@cache
def start() -> None:
    """Make LLVM ready for x86-64, once."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
    llvm.set_option("", "-x86-br-merging-base-cost=-1")  # a condition a branch: fewer instructions than joining them
    llvm.set_option("", "-force-precise-rotation-cost")  # no jump in a loop that another order of its blocks does without
    llvm.set_option("", "-machine-sink-split-probability-threshold=60")  # an error's number is made where it is raised, not before


def optimise(module: llvm.ModuleRef, machine: llvm.TargetMachine, level: int, unrolls: bool) -> None:
    """Run LLVM's standard pipeline, without the vectorisers."""
    options = llvm.create_pipeline_tuning_options(level)
    options.loop_vectorization = False
    options.slp_vectorization = False
    options.loop_unrolling = unrolls
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)


def parsed(text: str) -> llvm.ModuleRef:
    """The module a text describes, verified."""
    try:
        module = llvm.parse_assembly(text)
        module.verify()
    except RuntimeError as error:
        raise EmitError(f"LLVM refuses the module: {error}") from error
    return module


def emit(text: str, target: Target, level: int = 2, now: Callable[[], float] = time.perf_counter) -> MachineCode:
    """Compile a module for a target. `level` is LLVM's, 0 to 3."""
    start()
    moments = [now()]
    machine = llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=target.processor, features=target.features, opt=level, reloc="static", codemodel=target.code_model
    )
    module = parsed(f'target datalayout = "{machine.target_data}"\ntarget triple = "{target.triple}"\n{text}')
    moments.append(now())
    optimise(module, machine, level, target.unrolls)
    moments.append(now())
    optimised = str(module)
    content: bytes = machine.emit_object(module)
    moments.append(now())
    phases = ("parse", "optimise", "generate")
    return MachineCode(content, optimised, {name: moments[at + 1] - moments[at] for at, name in enumerate(phases)})
