"""What the dead leave is taken, one thing after another, and on the way every consequence has something to say."""

import ast
from collections import Counter
from collections.abc import Callable
from typing import Any

from exokernel.abi.names import FIRST, ROOT_SLOT
from exokernel.dialect.checked import compile_checked
from tests.contrary import contrary
from tests.kernel import oracle
from tests.kernel.worlds import World, data

OTHER, STRANGER = 2, 3
NO_KEY = 1  # a slot of the stranger's that holds nothing
LIFE = (  # of an environment that maps a frame, and has a slice
    ("table_alloc", 24, 0, 26, 0),
    ("table_alloc", 26, 0, 27, 0),
    ("table_alloc", 27, 0, 28, 0),
    ("frame_alloc", 29, 0),
    ("map", 28, 0, data(29), 0),
    ("slice_alloc", 5, 0),
)
AFTER_IT = (  # by somebody who has no key at all
    ("repossess", 28, 0, NO_KEY),
    ("table_free", 27, 0, NO_KEY),
    ("table_free", 26, 0, NO_KEY),
    ("table_free", 24, 0, NO_KEY),
    ("frame_free", 29, NO_KEY),
    ("slice_free", 5, NO_KEY),
    ("environment_free", OTHER),
)


def contraries() -> dict[str, Callable[..., bool]]:
    """Each consequence with its guards as they are, and its conclusion denied."""
    module = oracle.specification["consequences"]
    space = dict(vars(module))
    with open(module.__file__) as file:
        exec(compile_checked(ast.unparse(contrary(file.read())), module.__file__), space)
    return {clause.__name__: space[clause.__name__] for clause, _ in oracle.clauses("consequences")}


def reached(world: World, denied: dict[str, Callable[..., bool]]) -> Counter[str]:
    """How often a consequence comes to its conclusion here, which is then so."""
    found: Counter[str] = Counter()
    for clause, parameters in oracle.clauses("consequences"):
        for names in oracle.names_in_use(world, parameters, count=100):
            assert clause(*names), f"{clause.__name__}{names}"
            found[clause.__name__] += not denied[clause.__name__](*names)
    return found


def test_what_the_dead_leave_can_be_taken(world: World) -> None:
    denied, found = contraries(), Counter[str]()
    world.living(OTHER, 24, 25)
    world.living(STRANGER, 30, 31)

    def make(by: int, *step: Any) -> None:
        world.call(*step, by=by)
        found.update(reached(world, denied))

    for step in LIFE:
        make(OTHER, *step)
    make(FIRST, "environment_destroy", OTHER, ROOT_SLOT)
    for step in AFTER_IT:
        make(STRANGER, *step)
    assert {name for name in denied if found[name] == 0} == set()
