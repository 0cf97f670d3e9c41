"""What the calls are documented to raise is what the compiler infers that they may raise."""

from __future__ import annotations

import ast
import re

from exokernel.compiler import pipeline
from exokernel.compiler.build.program import ProgramBuilder

OF_THE_GATE = "BadName"  # any call with a name may raise it, so none repeats it
ANY = "KernelError"  # "whatever `map` raises for the first"


def documented(declaration: ast.FunctionDef) -> set[str]:
    """The exceptions in the Raises section of a docstring."""
    text = f"{ast.get_docstring(declaration) or ''}\n"
    section = re.search(r"Raises:\n((?:    .*\n)+)", text)
    lines = section[1].splitlines() if section else []
    return {line.split(":")[0].strip() for line in lines if re.match(r"    \w+:", line)} - {OF_THE_GATE}


def test_every_call_raises_what_its_contract_says() -> None:
    recipe = pipeline.kernel_recipe()
    builder = ProgramBuilder(recipe.options)
    program = builder.build(recipe.roots)
    declarations = builder.world.scope("exokernel.abi.calls")
    assert declarations is not None
    gates = [each for each in program.functions.values() if "syscall" in each.attributes]
    assert len(gates) > 20
    for gate in gates:
        name = gate.name.removesuffix(".gate").rpartition(".")[2]
        declaration = declarations.statements[name]
        assert isinstance(declaration, ast.FunctionDef)
        said = documented(declaration)
        inferred = {program.errors[number].rpartition(".")[2] for number in gate.raises} - {OF_THE_GATE}
        if ANY in said:
            assert said - {ANY} <= inferred, name
        else:
            assert said == inferred, name
