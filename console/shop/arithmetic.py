"""Arithmetic for the `calculate` tool: numbers, operators and brackets, nothing else, within bounds."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable

ALLOWED = frozenset("0123456789+-*/(). ")
MAX_CHARS = 200
MAX_POWER_BITS = 2_048

Number = int | float

BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}
UNARY: dict[type[ast.unaryop], Callable[[Number], Number]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}


class NotArithmetic(ValueError):
    """The expression has no value that can be told; the text says why."""


def calculate(expression: str) -> str:
    """The value of `expression`, rounded to two decimals. Raises NotArithmetic."""
    if len(expression) > MAX_CHARS:
        raise NotArithmetic(f"The expression is longer than {MAX_CHARS} characters.")
    if not ALLOWED.issuperset(expression):
        raise NotArithmetic(
            "Invalid characters in expression: only numbers, + - * / and brackets can be used."
        )
    try:
        value = float(_value(ast.parse(expression.strip(), mode="eval").body))
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise NotArithmetic("The expression is incomplete or not written as arithmetic.") from error
    except ZeroDivisionError as error:
        raise NotArithmetic("The expression divides by zero.") from error
    except OverflowError as error:
        raise NotArithmetic("The result is too large.") from error
    if not math.isfinite(value):
        raise NotArithmetic("The result is too large.")
    return str(round(value, 2))


def _value(node: ast.expr) -> Number:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.UnaryOp) and type(node.op) in UNARY:
        return UNARY[type(node.op)](_value(node.operand))
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow):
            return _power(left, right)
        if type(node.op) in BINARY:
            return BINARY[type(node.op)](left, right)
    raise NotArithmetic("The expression is incomplete or not written as arithmetic.")


def _power(base: Number, exponent: Number) -> Number:
    """`base ** exponent`, refused before it would fill the memory."""
    if isinstance(base, int) and abs(base) > 1 and abs(exponent) * base.bit_length() > MAX_POWER_BITS:
        raise NotArithmetic("The result is too large.")
    result = base**exponent
    if isinstance(result, complex):
        raise NotArithmetic("The result is not a real number.")
    return result
