"""What a call may learn from what is not public. [PROOF N1]

Every table of the kernel is public: each environment has it mapped, read-only, so nothing in
it can be a secret, least of all who owns what. Private are the contents of frames, page tables
among them, what a library has put into its page, and what seals are made with. A call's answer,
and what it does to the tables, depends on these only as said here; the prover finds every
dependence and refuses others. What a call moves from frame to frame is its own specification's.
"""

# "memory": the entries that the call names, or that stand where it names
# "pages": whether an environment wants to run and where, which it says so that the kernel acts on it
# "requests": a frame that the caller's key opens for reading
# "secret": what seals are made with, one way only
MAY_LEARN = {
    "capability_seal": ("secret",),
    "capability_unseal": ("secret",),
    "table_alloc": ("memory",),
    "table_free": ("memory",),
    "map": ("memory",),
    "map_range": ("memory",),
    "map_batch": ("memory", "requests"),
    "protect": ("memory",),
    "repossess": ("memory",),
    "environment_destroy": ("pages",),
    "yield_to": ("pages",),
    "tick": ("pages",),
    "die": ("pages",),
}
