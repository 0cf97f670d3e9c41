"""Functions in the dialect that the compiler calls where an expression needs a loop."""
