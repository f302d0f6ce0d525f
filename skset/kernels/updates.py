"""Steps of an optimiser along a given gradient, and the numbers of a step."""

from typing import Any, NamedTuple, Self

from skset.kernels.lane_sums import total
from skset.kernels.lanes import (
    add,
    at,
    bare,
    divide,
    full,
    multiply_add,
    put,
    root,
    shifted,
    subtract,
    zeros,
)
from skset.kernels.memory import Array
from skset.runtime.jit import inlined, kernel

__all__ = ["Step", "hold", "update"]

# Which rule a step follows.
DESCENT, ADAM, GRADIENT = range(3)


class Step(NamedTuple):
    """The numbers of one step of an optimiser, in the network's dtype.

    Two arrays lie beside the weights, `first` and `second`. All rules have one type, so
    a kernel is compiled once for all of them. Each has a constructor, which says what
    it does. `l2` times the weight is part of every gradient.
    """

    rule: int
    rate: Any
    l2: Any
    keep: Any
    keep_square: Any
    carry: Any
    push: Any
    epsilon: Any
    decay: Any

    @classmethod
    def descent(
        cls, new: Any, rate: float, momentum: float, carry: float, push: float
    ) -> Self:
        """Return a step of gradient descent; `first` is the velocity.

        ``first = momentum * first - rate * gradient``, then
        ``weight += carry * first - push * gradient``, with carry 1 and push 0 for plain
        momentum, carry = momentum and push = rate for Nesterov's.
        """
        return cls(DESCENT, *map(new, (rate, 0, momentum, 0, carry, push, 0, 0)))

    @classmethod
    def adam(
        cls, new: Any, rate: float, beta_1: float, beta_2: float, epsilon: float
    ) -> Self:
        """Return a step of Adam; `first` and `second` are its moments.

        The bias correction is part of the rate (Kingma and Ba 2014, section 2). For
        AdamW, `decay` is the share of the weight that the step removes.
        """
        return cls(ADAM, *map(new, (rate, 0, beta_1, beta_2, 0, 0, epsilon, 0)))

    @classmethod
    def gradient(cls, new: Any) -> Self:
        """Return a step that moves no weight; `first` becomes the gradient."""
        return cls(GRADIENT, *[new(0)] * 8)

    def penalised(self, l2: float) -> Self:
        """Return this step with a penalty: `l2` times the weight is added."""
        return self._replace(l2=type(self.l2)(l2))

    def decayed(self, share: float) -> Self:
        """Return this step of Adam with a share of the weight that is removed."""
        return self._replace(decay=type(self.decay)(share))

    def without_penalty(self) -> Self:
        """Return the step of a bias."""
        zero = type(self.l2)(0)
        return self._replace(l2=zero, decay=zero)

    def numbers(self) -> tuple[Any, ...]:
        """Return all but the rule, as `step_of` takes them."""
        return tuple(self)[1:]


@inlined
def step_of(rule, numbers):
    """Return the step by a rule with the given numbers, see `Step.numbers`."""
    n = numbers
    return Step(rule, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7])


@inlined
def step_of_bias(rule, numbers):
    """Return a step without penalty, and without decay."""
    n, zero = numbers, numbers.dtype.type(0)
    return Step(rule, n[0], zero, n[2], n[3], n[4], n[5], n[6], zero)


@inlined
def _descend(g, k, weights, first, second, step):
    """Take a step of gradient descent with as many weights as g has gradients."""
    w, v = at(weights, k, g), at(first, k, g)
    g = multiply_add(step.l2, w, g)
    v = multiply_add(step.keep, v, multiply_add(-step.rate, g, zeros(g)))
    put(first, k, v)
    put(weights, k, multiply_add(step.carry, v, multiply_add(-step.push, g, w)))
    return multiply_add(w, w, zeros(w))


@inlined
def _adapt(g, k, weights, first, second, step):
    """Take a step of Adam with as many weights as g has gradients."""
    w, m, s = at(weights, k, g), at(first, k, g), at(second, k, g)
    g = multiply_add(step.l2, w, g)
    m = multiply_add(step.keep, subtract(m, g), g)
    gg = multiply_add(g, g, zeros(g))
    s = multiply_add(step.keep_square, subtract(s, gg), gg)
    put(first, k, m)
    put(second, k, s)
    direction = divide(m, shifted(root(s), step.epsilon))
    kept = multiply_add(-step.decay, w, w)
    put(weights, k, multiply_add(-step.rate, direction, kept))
    return multiply_add(w, w, zeros(w))


@inlined
def _keep(g, k, weights, first, second, step):
    """Write as many gradients as g has."""
    w = at(weights, k, g)
    put(first, k, multiply_add(step.l2, w, g))
    return multiply_add(w, w, zeros(w))


@inlined
def _move_by(take, low, high, weights, first, second, gradients, step):
    """Move the weights [low, high), some at a time, see `move`."""
    one, some = full(1, step.l2), full(16, step.l2)
    squares, rest = zeros(some), zeros(one)
    k = low
    while k + 16 <= high:
        g = at(gradients, k - low, some)
        squares = add(squares, take(g, k, weights, first, second, step))
        k += 16
    while k < high:
        g = at(gradients, k - low, one)
        rest = add(rest, take(g, k, weights, first, second, step))
        k += 1
    return total(squares) + total(rest)


@inlined
def move(low, high, weights, first, second, gradients, step):
    """Take a step with the weights [low, high), along gradients that begin with theirs.

    Returns the sum of the squares of the weights as they were before.
    """
    if step.rule == DESCENT:
        return _move_by(_descend, low, high, weights, first, second, gradients, step)
    if step.rule == ADAM:
        return _move_by(_adapt, low, high, weights, first, second, gradients, step)
    return _move_by(_keep, low, high, weights, first, second, gradients, step)


@kernel
def update(
    weights: Array, first: Array, second: Array, gradient: Array, step: Step
) -> None:
    """Take one step along the gradient, in place.

    Arrays that the step does not use may be empty.
    """
    arrays = bare(weights), bare(first), bare(second)
    move(0, weights.size, *arrays, bare(gradient), step)


@inlined
def put_back(low, high, held, weights):
    """Give the weights [low, high) the values that are held; NaN lets them move.

    A loop without branches over all of them is vectorised. It takes a tenth of the time
    of one over the places of those that are held.
    """
    some, values = weights[low:high], held[low:high]
    for k in range(some.size):
        value = values[k]
        some[k] = value if value == value else some[k]


@kernel
def hold(held: Array, weights: Array) -> None:
    """Give all weights the values that are held; NaN lets them move."""
    put_back(0, weights.size, held, weights)
