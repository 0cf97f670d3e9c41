"""A change of the kernel by hand, for what no change of one token comes to."""

from exokernel.prover.mutations import Mutation
from exokernel.prover.system import KERNEL


def planted(module: str, function: str, what: str, before: str, after: str) -> Mutation:
    """What `function` does otherwise when one text in its module, `before`, is another. The label says `what`."""
    source = (KERNEL / f"{module}.py").read_text()
    assert source.count(before) == 1
    return Mutation(f"exokernel.kernel.{module}", function, 0, what, source.replace(before, after))
