"""From the IR to LLVM IR text: one module per concern, `module.lower_program` is the entry.

Values are flattened: an `int` is one scalar, a view two, a tuple the scalars of its items. No
aggregate exists except as what a function returns. Whatever Python defines and the machine does
not (overflow, floor division, bounds, shifts) becomes explicit checks here, so LLVM is never
given an operation whose behaviour is undefined.
"""
