"""All mutants of a module; each a change of one place."""

import ast
import copy
import difflib
from collections.abc import Iterator

from cosmic_ray.ast import get_ast
from parso.tree import NodeOrLeaf
from tests.mutation.mutant import Mutant
from tests.mutation.operators import operators


def mutants(module: str, source: str) -> list[Mutant]:
    """Those that compile and differ from the module and from each other, in a fixed order."""
    tree = ast.parse(source)
    same = ast.dump(tree)
    found: dict[str, Mutant] = {}
    for name, operator in operators().items():
        for position, text in _mutations(get_ast(source), operator):
            if _hidden(tree, position) or text in found:
                continue
            try:
                made = ast.parse(text)
            except SyntaxError:
                continue
            if ast.dump(made) != same:
                found[text] = _mutant(module, name, position, source, text, tree)
    return sorted(found.values(), key=lambda m: (m.line, m.operator, m.after))


def _mutations(root: NodeOrLeaf, operator: object) -> Iterator[tuple[int, str]]:
    """Line and text of each mutation: of a copy of the node, which is then put back."""
    for node in _nodes(root):
        for index, (start, _) in enumerate([*operator.mutation_positions(node)]):  # type: ignore[attr-defined]
            if _annotates(node) or node.parent.type == "parameters":
                continue  # the latter: a lone * between parameters
            changed = operator.mutate(_copied(node), index)  # type: ignore[attr-defined]
            siblings = node.parent.children if node.parent is not None else None
            if siblings is None:
                continue
            place = next(i for i, child in enumerate(siblings) if child is node)
            siblings[place] = changed
            yield start[0], root.get_code()
            siblings[place] = node


def _copied(node: NodeOrLeaf) -> NodeOrLeaf:
    """A deep copy of the node that knows the same parent (which is not copied)."""
    return copy.deepcopy(node, {id(node.parent): node.parent})


def _nodes(node: NodeOrLeaf) -> Iterator[NodeOrLeaf]:
    yield node
    for child in [*getattr(node, "children", ())]:
        yield from _nodes(child)


def _annotates(node: NodeOrLeaf) -> bool:
    """Within an annotation: types say nothing at run time."""
    below, above = node, node.parent
    while above is not None:
        index = next(i for i, child in enumerate(above.children) if child is below)
        if above.type == "annassign" and index == 1:
            return True
        if above.type == "tfpdef" and index == 2:
            return True
        if above.type == "funcdef" and index > 2 and below is not above.children[-1]:
            return True
        below, above = above, above.parent
    return False


def _hidden(tree: ast.Module, line: int) -> bool:
    """In what runs for type checkers alone."""
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return node.lineno <= line <= (node.end_lineno or 0)
    return False


def _mutant(
    module: str, operator: str, line: int, source: str, text: str, tree: ast.Module
) -> Mutant:
    before, after = _changed(source, text)
    return Mutant(module, operator, line, _where(tree, line), before, after, text)


def _changed(source: str, text: str) -> tuple[str, str]:
    """The lines that differ, joined and stripped."""
    old, new = source.splitlines(), text.splitlines()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    before, after = [], []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            before += old[a:b]
            after += new[c:d]
    return tuple(" ".join(" ".join(lines).split()) for lines in (before, after))  # type: ignore[return-value]


def _where(tree: ast.AST, line: int) -> str:
    names = []
    for node in ast.iter_child_nodes(tree):
        if getattr(node, "lineno", line + 1) <= line <= getattr(node, "end_lineno", line):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.append(node.name)
                names += filter(None, [_where(node, line)])
            elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(tree, ast.Module):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                names.append(ast.unparse(target))
    return ".".join(names)
