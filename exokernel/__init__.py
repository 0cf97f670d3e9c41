"""An exokernel operating system written in typed Python.

Importing the package makes CPython keep the dialect's meaning: modules written in
the dialect are imported through `exokernel.dialect.checked`, so that arithmetic which
would fault when compiled faults here as well. Nothing else happens on import.
"""

from exokernel.dialect.checked import install

DIALECT_PACKAGES = (
    "exokernel.abi",
    "exokernel.kernel",
    "exokernel.libos",
    "exokernel.spec",
    "programs",
)

install(*DIALECT_PACKAGES)
