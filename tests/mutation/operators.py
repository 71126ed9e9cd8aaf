"""What is changed in a module to make a mutant of it.

The ordinary changes are cosmic-ray's operators. Of its two hundred those are left out whose mutants
anything kills (``<`` for ``is``: a ``TypeError``) or nothing can (``==`` for ``is`` between members
of an enum, the digits of a rounding): either kind would say nothing about the tests. Three are our
own, in cosmic-ray's form, for what these modules are made of: rows of tables, statements that
change state, and words that have an opposite (buy and sell, today and yesterday).
"""

from collections.abc import Iterator

import parso
from cosmic_ray.operators.number_replacer import NumberReplacer
from cosmic_ray.operators.operator import Operator
from cosmic_ray.operators.provider import OperatorProvider
from parso.python.tree import Name
from parso.tree import NodeOrLeaf

Position = tuple[tuple[int, int], tuple[int, int]]

_COMPARISONS = (
    "Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt",
    "Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is",
)  # fmt: skip
_ARITHMETIC = ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "BitOr_BitAnd", "FloorDiv_Mul")
_OTHERS = (
    "AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue",
    "ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_USub", "ZeroIterationForLoop",
)  # fmt: skip
NAMES = (
    *(f"ReplaceComparisonOperator_{pair}" for pair in _COMPARISONS),
    *(f"ReplaceBinaryOperator_{pair}" for pair in _ARITHMETIC),
    *_OTHERS,
)

_OPPOSITES = (
    ("buy", "sell"), ("BUY", "SELL"), ("_BUY", "_SELL"), ("open_buy", "open_sell"),
    ("close_buy", "close_sell"), ("highest_buy", "lowest_sell"), ("long", "short"),
    ("LONG", "SHORT"), ("_LONG", "_SHORT"), ("long_margin", "short_margin"),
    ("today", "yesterday"), ("today_lots", "yesterday_lots"),
    ("frozen_today", "frozen_yesterday"), ("_TODAY", "_YESTERDAY"), ("_OPEN", "_CLOSE"),
    ("opening", "closing"), ("traded_lots", "booked_lots"), ("basis", "open_price"),
    ("basis_sum", "open_sum"), ("average_price", "cost_price"), ("deposit", "withdraw"),
    ("closed_profit", "closed_by_trade"), ("min", "max"), ("any", "all"),
    ("ACCEPTED", "PARTIALLY_FILLED"), ("CANCELLED", "REJECTED"), ("SUBMITTED", "UNRESOLVED"),
    ("TRADE", "LAST_TRADE"), ("ours", "theirs"), ("here", "there"),
)  # fmt: skip
_SWAPS = dict((*_OPPOSITES, *((b, a) for a, b in _OPPOSITES), ("FILLED", "CANCELLED")))
_BUILT_IN = {"min", "max", "any", "all"}


def _leaf(text: str, old: NodeOrLeaf) -> NodeOrLeaf:
    made: NodeOrLeaf = parso.parse(text).children[0]
    made.get_first_leaf().prefix = old.get_first_leaf().prefix
    return made


class Number(NumberReplacer):  # type: ignore[misc]
    """A number, but for the digits of a rounding, which takes the noise of floats away: one digit
    more or less there is nothing that a test could or should see."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Position]:
        above = node.parent
        if above is not None and above.type == "arglist" and above.children[-1] is node:
            called = above.parent.get_previous_sibling()
            if called is not None and called.get_code(include_prefix=False) == "round":
                return
        yield from super().mutation_positions(node)


class SwapWord(Operator):  # type: ignore[misc]
    """A word for its opposite, where the module uses both."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Position]:
        if not isinstance(node, Name) or node.value not in _SWAPS or node.is_definition():
            return
        above = node.parent
        if above.type in ("import_as_names", "import_from", "dotted_name", "param"):
            return
        if above.type == "argument" and above.children[0] is node:
            return
        other = _SWAPS[node.value]
        if other in _BUILT_IN or other in node.get_root_node().get_used_names():
            yield node.start_pos, node.end_pos

    def mutate(self, node: Name, index: int) -> NodeOrLeaf:
        return Name(_SWAPS[node.value], node.start_pos, node.prefix)

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class DropStatement(Operator):  # type: ignore[misc]
    """A statement that changes state: a call, ``x += 1``, ``self.x = 1``."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Position]:
        if node.type == "simple_stmt" and _changes_state(node.children[0]):
            yield node.children[0].start_pos, node.children[0].end_pos

    def mutate(self, node: NodeOrLeaf, index: int) -> NodeOrLeaf:
        node.children[0] = _leaf("pass", node.children[0])
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


def _changes_state(statement: NodeOrLeaf) -> bool:
    if statement.type in ("atom_expr", "power"):
        return bool(statement.children[-1].get_code().startswith("("))
    if statement.type != "expr_stmt" or statement.children[1].type == "annassign":
        return False
    target = statement.children[0]
    if statement.children[1].type == "operator":
        return target.type in ("atom_expr", "power")  # self.x = ...: a local would be a NameError
    return True


class DropRow(Operator):  # type: ignore[misc]
    """One row of a table of the module, or of a set of states."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Position]:
        if node.type in ("testlist_comp", "dictorsetmaker") and _is_table(node):
            for first, last in _rows(node):
                yield node.children[first].start_pos, node.children[last].end_pos

    def mutate(self, node: NodeOrLeaf, index: int) -> NodeOrLeaf:
        first, last = _rows(node)[index]
        del node.children[first : last + 2]  # and its comma
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


def _is_table(node: NodeOrLeaf) -> bool:
    above = node.parent
    while above is not None:
        if above.type in ("funcdef", "classdef", "sync_comp_for", "comp_for"):
            return False
        if above.type == "expr_stmt" and above.children[0].type == "testlist_star_expr":
            return False  # a, b = (1, 2): without one of them nothing imports
        above = above.parent
    commas = sum(child.type == "operator" and child.value == "," for child in node.children)
    return commas >= 2 and not any(child.type.endswith("comp_for") for child in node.children)


def _rows(node: NodeOrLeaf) -> list[tuple[int, int]]:
    """First and last child of each."""
    rows, first = [], 0
    for index, child in enumerate([*node.children, None]):
        if child is None or (child.type == "operator" and child.value == ","):
            if first < index:
                rows.append((first, index - 1))
            first = index + 1
    return rows


def operators() -> dict[str, Operator]:
    """All of them by name, in the order in which mutants are numbered."""
    theirs = OperatorProvider()
    made = {name: theirs[name]() for name in NAMES}
    ours = (Number, SwapWord, DropStatement, DropRow)
    return made | {op.__name__: op() for op in ours}
