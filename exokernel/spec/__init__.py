"""What the kernel promises, in the dialect: an oracle under CPython, theorems for the prover.

Each public function of `invariants` is true between any two calls; each of `theorems` is true
of every step; the modules named like the kernel's say of each of its calls when it succeeds
and what it then has done; `loops` says what the kernel's loops keep, `counts` what every counter
in the tables counts, and `assumptions` what is taken for granted. A parameter's type says what a
claim is for all of. Nothing here loops; what has no end to name beforehand calls itself.
Nothing here is compiled into the kernel.
"""
