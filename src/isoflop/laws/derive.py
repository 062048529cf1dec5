"""Derivatives of a tape by the chain rule, node by node, so that what they share is computed once."""

from isoflop.laws.builder import Builder
from isoflop.laws.tape import COLUMN, CONSTANT, Node

First = dict[int, int]
"""Parameter → node of the slope; a slope that is zero is left out."""
Second = dict[tuple[int, int], int]
"""Pair of parameters, the smaller first → node of the second derivative, zeros left out."""


class Derivatives:
    """First and second derivatives of the nodes of a builder in its parameters."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.memo: dict[int, tuple[First, Second]] = {}

    def of(self, node: int) -> tuple[First, Second]:
        """Derivatives of one node."""
        if node not in self.memo:
            self.memo[node] = self._of(node)
        return self.memo[node]

    def _of(self, number: int) -> tuple[First, Second]:
        node = self.builder.nodes[number]
        if node.kind in (CONSTANT, COLUMN) or node.operation == "heaviside":
            return {}, {}
        if not node.children:
            return {int(node.payload): self._constant(1.0)}, {}
        match node.operation:
            case "add":
                return self._weighted([(None, c) for c in node.children])
            case "mul":
                return self._multiply(*node.children)
            case "min" | "max":
                x, y = node.children if node.operation == "max" else node.children[::-1]
                ahead = [self._apply("heaviside", self._total([a, self._product(self._constant(-1.0), b)]))
                         for a, b in ((x, y), (y, x))]  # fmt: skip
                return self._weighted(list(zip(ahead, node.children, strict=True)))
        return self._chain(number, node)

    def _weighted(self, terms: list[tuple[int | None, int]]) -> tuple[First, Second]:
        """Derivatives of a sum of nodes, each times a weight that is locally constant."""
        first: dict[int, list[int]] = {}
        second: dict[tuple[int, int], list[int]] = {}
        for weight, child in terms:
            factor = [] if weight is None else [weight]
            slopes, bends = self.of(child)
            for i, slope in slopes.items():
                first.setdefault(i, []).append(self._product(*factor, slope))
            for pair, bend in bends.items():
                second.setdefault(pair, []).append(self._product(*factor, bend))
        return {i: self._total(x) for i, x in first.items()}, {p: self._total(x) for p, x in second.items()}

    def _multiply(self, x: int, y: int) -> tuple[First, Second]:
        """Product rule."""
        first: dict[int, list[int]] = {}
        second: dict[tuple[int, int], list[int]] = {}
        for own, other in ((x, y), (y, x)):
            slopes, bends = self.of(own)
            for i, slope in slopes.items():
                first.setdefault(i, []).append(self._product(slope, other))
                for j, across in self.of(other)[0].items():
                    if i <= j:
                        second.setdefault((i, j), []).append(self._product(slope, across))
            for pair, bend in bends.items():
                second.setdefault(pair, []).append(self._product(bend, other))
        return {i: self._total(t) for i, t in first.items()}, {p: self._total(t) for p, t in second.items()}

    def _chain(self, number: int, node: Node) -> tuple[First, Second]:
        """Chain rule for a function of one node."""
        slopes, bends = self.of(node.children[0])
        slope, bend = self._outer(number, node)
        first = {i: self._product(slope, s) for i, s in slopes.items()}
        second = {p: self._product(slope, inner) for p, inner in bends.items()}
        for i, a in slopes.items():
            for j, b in slopes.items():
                if i > j:
                    continue
                if node.operation == "log":  # shares x_i / x with the slope
                    less = self._product(first[i], first[j])
                    minus = self._product(self._constant(-1.0), less)
                    second[i, j] = self._apply("sub", second[i, j], less) if (i, j) in second else minus
                    continue
                # So does the exponential.
                more = self._product(first[i], b) if node.operation == "exp" else self._product(bend, a, b)
                second[i, j] = self._total([second[i, j], more]) if (i, j) in second else more
        return first, second

    def _outer(self, number: int, node: Node) -> tuple[int, int]:
        """Slope and second derivative of an operation in its one argument."""
        x, one = node.children[0], self._constant(1.0)
        match node.operation:
            case "exp":
                return number, number
            case "expm1":
                slope = self._apply("exp", x)
                return slope, slope
            case "log":
                slope = self._apply("reciprocal", x)
                return slope, self._product(self._constant(-1.0), slope, slope)
            case "reciprocal":
                slope = self._product(self._constant(-1.0), number, number)
                return slope, self._product(self._constant(-2.0), slope, number)
            case "square":
                return self._product(self._constant(2.0), x), self._constant(2.0)
            case "tanh":
                slope = self._total([one, self._product(self._constant(-1.0), number, number)])
                return slope, self._product(self._constant(-2.0), number, slope)
            case "sigmoid" | "softplus":
                share = number if node.operation == "sigmoid" else self._apply("sigmoid", x)
                slope = self._product(share, self._total([one, self._product(self._constant(-1.0), share)]))
                if node.operation == "softplus":
                    return share, slope
                tilt = self._total([one, self._product(self._constant(-2.0), share)])
                return slope, self._product(slope, tilt)
            case "pow":
                power = self.builder.nodes[node.children[1]].payload
                slope = self._product(self._constant(power), self._power(x, power - 1))
                return slope, self._product(self._constant(power * (power - 1)), self._power(x, power - 2))
        raise AssertionError(f"no derivative of {node.operation}")

    def _power(self, x: int, power: float) -> int:
        return x if power == 1 else self._apply("pow", x, self._constant(power)) if power else self._constant(1.0)

    def _apply(self, operation: str, *children: int) -> int:
        return self.builder.apply(operation, *children)

    def _constant(self, value: float) -> int:
        return self.builder.add(Node("constant", (), CONSTANT, value))

    def _product(self, *factors: int) -> int:
        """Product of nodes, constants joined and ones left out."""
        scale, rest = 1.0, []
        for factor in factors:
            node = self.builder.nodes[factor]
            if node.kind == CONSTANT and not node.children:
                scale *= node.payload
            else:
                rest.append(factor)
        if scale != 1.0 or not rest:
            rest.append(self._constant(scale))
        return self.builder.fold("mul", rest)

    def _total(self, terms: list[int]) -> int:
        """Sum of nodes."""
        return self.builder.fold("add", terms)
