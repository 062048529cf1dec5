"""Tapes of a law with the derivatives that a search needs, and no more."""

from dataclasses import dataclass

import sympy

from isoflop.laws.builder import Builder
from isoflop.laws.derive import Derivatives
from isoflop.laws.tape import CONSTANT, PARAMETER, Node, Tape


@dataclass(frozen=True)
class Lean:
    """The derivatives that a search needs; the others are multiples of them.

    Where `A/N^alpha` stands, the slope in alpha is -ln N times the slope in ln A: the law knows the
    two only through `ln A - alpha ln N`. So one of them, the leader, is enough.

    Args:
        gradient: tape of the law and the slopes of the leaders.
        hessian: tape of the law, the slopes of the leaders, and the second derivatives of `pairs`.
        pairs: pairs of leaders, by their place among the leaders.
        leader: for each parameter, the place of its leader.
        ratios: tape of each parameter's slope relative to its leader's, which depends on columns
            alone; None where every parameter is its own leader.
    """

    gradient: Tape
    hessian: Tape
    pairs: tuple[tuple[int, int], ...]
    leader: tuple[int, ...]
    ratios: Tape | None


def shorten(
    gradient: Tape, hessian: Tape, pairs: tuple[tuple[int, int], ...], leaders: tuple[int, ...], ratios: Tape | None
) -> Lean:
    """The tapes without the slopes that are multiples of others.

    Args:
        gradient: tape of the law and all slopes.
        hessian: tape of the law, all slopes, and the second derivatives of `pairs`.
        pairs: pairs of parameters.
        leaders: for each parameter the one whose slope it shares.
        ratios: tape of the multiples.
    """
    count, chosen = len(leaders), sorted(set(leaders))
    if len(chosen) == count:
        return Lean(gradient, hessian, pairs, leaders, None)
    place = {k: number for number, k in enumerate(chosen)}
    kept = [n for n, pair in enumerate(pairs) if place.keys() >= set(pair)]
    slopes = [0, *(1 + k for k in chosen)]
    short = hessian.keep([*slopes, *(1 + count + n for n in kept)])
    found = tuple((place[pairs[n][0]], place[pairs[n][1]]) for n in kept)
    return Lean(gradient.keep(slopes), short, found, tuple(place[k] for k in leaders), ratios)


def tidy(expr: sympy.Expr) -> sympy.Expr:
    """Merge products of exponentials into one, and undo the logarithm of one."""
    if not expr.args:
        return expr
    rebuilt = expr.func(*[tidy(a) for a in expr.args])
    if rebuilt.is_Pow and isinstance(rebuilt.base, sympy.exp):
        return sympy.exp(rebuilt.base.args[0] * rebuilt.exp)
    if isinstance(rebuilt, sympy.log) and isinstance(rebuilt.args[0], sympy.exp):
        return rebuilt.args[0].args[0]
    if rebuilt.is_Mul:
        powers = [a for a in rebuilt.args if isinstance(a, sympy.exp)]
        others = [a for a in rebuilt.args if not isinstance(a, sympy.exp)]
        return sympy.Mul(*others, sympy.exp(sympy.Add(*[p.args[0] for p in powers]))) if len(powers) > 1 else rebuilt
    return rebuilt


def full_tape(law: sympy.Expr, inputs: dict[sympy.Symbol, Node]) -> tuple[Tape, tuple[tuple[int, int], ...]]:
    """Tape of the law, all slopes and the second derivatives that are not zero, with their pairs."""
    builder = Builder(inputs)
    root = builder.visit(law)
    first, second = Derivatives(builder).of(root)
    zero = builder.add(Node("constant", (), CONSTANT, 0.0))
    slopes = [first.get(int(node.payload), zero) for node in inputs.values() if node.kind == PARAMETER]
    pairs = tuple(sorted(second))
    return Tape(tuple(builder.nodes), (root, *slopes, *(second[p] for p in pairs))), pairs


def find_leaders(
    slopes: list[sympy.Expr], coordinates: list[sympy.Symbol], inputs: dict[sympy.Symbol, Node]
) -> tuple[tuple[int, ...], Tape]:
    """For each parameter the one whose slope it shares, and a tape of the ratios, which are free of parameters."""
    leaders: list[int] = []
    builder, numbers = Builder(inputs), []
    for k, slope in enumerate(slopes):
        found, shared = k, sympy.Integer(1)
        for other in sorted(set(leaders)):
            ratio = tidy(slope / slopes[other]) if slopes[other] != 0 else coordinates[0]
            if not (ratio.free_symbols & set(coordinates) or _may_divide_by_zero(ratio)):
                found, shared = other, ratio
                break
        leaders.append(found)
        numbers.append(builder.visit(shared))
    return tuple(leaders), Tape(tuple(builder.nodes), tuple(numbers))


def _may_divide_by_zero(ratio: sympy.Expr) -> bool:
    """Whether a column stands below the line: the share of a domain, or the logarithm of a size, may be zero."""
    powers = [p for p in ratio.atoms(sympy.Pow) if not isinstance(p, sympy.exp)]
    return any(p.base.free_symbols and p.exp.could_extract_minus_sign() for p in powers)
