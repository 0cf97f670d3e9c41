"""Rules about whole paths, checked on finished IR: what may be raised, read, kept and stored."""

from exokernel.compiler.check.flow.driver import check_functions

__all__ = ["check_functions"]
