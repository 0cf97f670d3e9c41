"""What the kernel promises, in the dialect: an oracle under CPython, theorems for the prover.

Each public function of `invariants` is true between any two calls; each of `theorems` is true
of every step; `calls` says of each call when it succeeds and what it then has done; `counts`
what every counter in the tables counts. A parameter's type says what a claim is for all of.
Nothing here is compiled into the kernel.
"""
