"""From syntax to IR: one function of the source at a time, inlining what has no call.

`program.build_program` is the entry. Types are checked while operations are made; what needs
to see whole paths is left to `check.flow`.
"""
