"""What names, annotations and constants mean, and the rules that hold along every path.

Declarations are resolved here before anything is built; the rules about paths (definite
assignment, optional references, lifetimes, raise sets, atomicity) are checked on the IR.
"""
