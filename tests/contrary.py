"""Functions that say yes or no, turned into what says so of the contrary; their guards are left as they are."""

import ast


def contrary(source: str) -> ast.Module:
    """A module in which the conclusion of each function is denied: of its last sentence, what no `or` follows."""
    module = ast.parse(source)
    for function in (each for each in module.body if isinstance(each, ast.FunctionDef)):
        last = function.body[-1]
        assert isinstance(last, ast.Return) and last.value is not None
        last.value = denial_of(last.value)
    return ast.fix_missing_locations(module)


def denial_of(sentence: ast.expr) -> ast.expr:
    if isinstance(sentence, ast.BoolOp) and isinstance(sentence.op, ast.Or):
        *guards, conclusion = sentence.values
        return ast.BoolOp(ast.Or(), [*guards, denial_of(conclusion)])
    return ast.UnaryOp(ast.Not(), sentence)
