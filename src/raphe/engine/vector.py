"""LLVM building blocks W subjects wide: constants, arithmetic, and the functions that formulas may call.

Every operation is element-wise, and products and sums are fused where this file says so and nowhere else, so that a
lane's bits depend neither on W nor on what the other lanes hold. Knows nothing of models.

Error bounds, held by tests against mpmath: exp, ln, tanh and power within 2 units in the last place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from llvmlite import ir

DOUBLE = ir.DoubleType()
INTEGER = ir.IntType(64)
POINTER = ir.PointerType()

_ROUND = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to a whole number, held in the low bits
_ROUND_BITS = 0x4338000000000000
_LN2 = 0.6931471805599453
_LN2_REST = 2.3190468138462996e-17  # ln 2 - _LN2
_LN2_HEAD = 0.6931471803691238  # ln 2 cut to 32 bits: whole multiples up to 2^20 are exact
_LN2_TAIL = 1.9082149292705877e-10  # ln 2 - _LN2_HEAD
_THIRD_REST = 1.850371707708594e-17  # 1/3 - its nearest double
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_LOG_BEND = 0.043  # half of how far log2 (1 + x) rises above x
_EXP_TERMS = 13
_LN_TERMS = 10


class Vector:
    """Emits operations on `width` doubles into one basic block after another.

    Parameters
    ----------
    builder
        Where the instructions go.
    width
        Subjects side by side; 1 gives scalar code.
    """

    def __init__(self, builder: ir.IRBuilder, width: int) -> None:
        self.builder = builder
        self.width = width
        self._constants: dict[str, ir.Value] = {}
        self.type: ir.Type = DOUBLE if width == 1 else ir.VectorType(DOUBLE, width)
        self.integers: ir.Type = INTEGER if width == 1 else ir.VectorType(INTEGER, width)

    def constant(self, value: float) -> ir.Value:
        """The same number in every lane."""
        known = value.hex()  # tells -0 from 0
        if known not in self._constants:
            held = value if self.width == 1 else [value] * self.width
            self._constants[known] = ir.Constant(self.type, held)
        return self._constants[known]

    def integer(self, value: int) -> ir.Value:
        """The same whole number in every lane."""
        return ir.Constant(self.integers, value if self.width == 1 else [value] * self.width)

    def intrinsic(self, name: str, *operands: ir.Value) -> ir.Value:
        """Call `llvm.<name>` for this width."""
        suffix = "f64" if self.width == 1 else f"v{self.width}f64"
        full = f"llvm.{name}.{suffix}"
        module = self.builder.module
        function = module.globals.get(full)
        if function is None:
            signature = ir.FunctionType(self.type, [self.type] * len(operands))
            function = ir.Function(module, signature, full)
        return self.builder.call(function, operands)

    def fma(self, left: ir.Value, right: ir.Value, addend: ir.Value) -> ir.Value:
        """left * right + addend, rounded once."""
        return self.intrinsic("fma", left, right, addend)

    def load(self, base: ir.Value, index: int | ir.Value) -> ir.Value:
        """The vector at `index` of an array of vectors."""
        return self.builder.load(self.address(base, index), typ=self.type, align=8)

    def store(self, value: ir.Value, base: ir.Value, index: int | ir.Value) -> None:
        """Write the vector at `index` of an array of vectors."""
        self.builder.store(value, self.address(base, index), align=8)

    def spread(self, value: ir.Value) -> ir.Value:
        """One number, in every lane."""
        if self.width == 1:
            return value
        kind = ir.VectorType(value.type, self.width)
        first = self.builder.insert_element(
            ir.Constant(kind, ir.Undefined), value, ir.Constant(ir.IntType(32), 0)
        )
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        return self.builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), zeros)

    def address(self, base: ir.Value, index: int | ir.Value) -> ir.Value:
        """Address of the vector at `index`."""
        offset = ir.Constant(INTEGER, index) if isinstance(index, int) else index
        return self.builder.gep(base, [offset], source_etype=self.type)

    def less(self, left: ir.Value, right: ir.Value) -> ir.Value:
        """left < right; false where either is not a number."""
        return self.builder.fcmp_ordered("<", left, right)

    def select(self, condition: ir.Value, yes: ir.Value, no: ir.Value) -> ir.Value:
        """Lane by lane, one of two."""
        return self.builder.select(condition, yes, no)


def polynomial(vector: Vector, argument: ir.Value, coefficients: Sequence[float]) -> ir.Value:
    """Estrin's scheme, which has few operations that wait for each other; coefficients from the highest power down."""
    terms: list[ir.Value] = [vector.constant(value) for value in reversed(coefficients)]
    power = argument
    while len(terms) > 1:
        pairs = [
            vector.fma(high, power, low) for low, high in zip(terms[::2], terms[1::2], strict=False)
        ]
        terms = pairs + terms[len(terms) - len(terms) % 2 :]
        if len(terms) > 1:
            power = vector.builder.fmul(power, power)
    return terms[0]


def _whole_power_of_two(vector: Vector, exponent: ir.Value) -> ir.Value:
    """2^n for a whole n from -1022 to 1023."""
    biased = vector.builder.add(exponent, vector.integer(1023))
    bits = vector.builder.shl(biased, vector.integer(52))
    return vector.builder.bitcast(bits, vector.type)


def _reduce(vector: Vector, argument: ir.Value) -> tuple[ir.Value, ir.Value]:
    """x = n ln 2 + r with |r| <= ln 2 / 2: returns whole n and expm1(r)."""
    builder = vector.builder
    shifted = vector.fma(argument, vector.constant(1.0 / _LN2), vector.constant(_ROUND))
    whole, exponent = _rounded(vector, shifted)
    minus = builder.fneg(whole)
    head = vector.fma(minus, vector.constant(_LN2), argument)
    rest = vector.fma(minus, vector.constant(_LN2_REST), head)
    lost = vector.fma(minus, vector.constant(_LN2_REST), builder.fsub(head, rest))
    return exponent, _less_one(vector, rest, lost)


def _rounded(vector: Vector, shifted: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The whole number that a number moved by _ROUND holds: as a double and as an integer."""
    builder = vector.builder
    whole = builder.fsub(shifted, vector.constant(_ROUND))
    bits = builder.bitcast(shifted, vector.integers)
    return whole, builder.sub(bits, vector.integer(_ROUND_BITS))


def _clipped(vector: Vector, argument: ir.Value, low: float, high: float) -> ir.Value:
    """The number, but no less than low and no more than high; not a number stays so."""
    least, most = vector.constant(low), vector.constant(high)
    argument = vector.select(vector.less(argument, least), least, argument)
    return vector.select(vector.less(most, argument), most, argument)


def _less_one(vector: Vector, rest: ir.Value, lost: ir.Value) -> ir.Value:
    """expm1(rest + lost) for |rest| <= ln 2 / 2, by its Taylor series."""
    series = [1.0 / math.factorial(k) for k in range(_EXP_TERMS, 1, -1)]
    square = vector.builder.fmul(rest, rest)
    curved = vector.fma(square, polynomial(vector, rest, series), lost)
    return vector.builder.fadd(rest, curved)


def inverse_root(vector: Vector, argument: ir.Value, degree: int) -> ir.Value:
    """x^(-1/n) to six digits, for a normal positive x: the exponent divided, then three steps of Newton's method."""
    builder, one = vector.builder, vector.constant(1.0)
    bits = builder.sitofp(builder.bitcast(argument, vector.integers), vector.type)
    middle = (1023.0 - _LOG_BEND) * 2.0**52
    part = vector.constant(-1.0 / degree)
    guess = vector.fma(bits, part, vector.constant(middle * (1.0 + 1.0 / degree)))
    root = builder.bitcast(builder.fptosi(guess, vector.integers), vector.type)
    for _ in range(3):
        power, left = argument, degree
        square = root
        while left:
            if left & 1:
                power = builder.fmul(power, square)
            left >>= 1
            if left:
                square = builder.fmul(square, square)
        lack = builder.fmul(builder.fsub(one, power), vector.constant(1.0 / degree))
        root = vector.fma(root, lack, root)
    return root


def exponential(vector: Vector, argument: ir.Value) -> ir.Value:
    """e^x: reduction by multiples of ln 2 and the Taylor series on what is left."""
    return _grown(vector, *_reduce(vector, _clipped(vector, argument, -760.0, 720.0)))


def power_of_two(vector: Vector, argument: ir.Value) -> ir.Value:
    """2^x: what is left of x beside a whole number is exact, so that no logarithm is needed."""
    builder, fma = vector.builder, vector.fma
    clipped = _clipped(vector, argument, -1080.0, 1030.0)
    whole, exponent = _rounded(vector, builder.fadd(clipped, vector.constant(_ROUND)))
    left = builder.fsub(clipped, whole)
    rest = builder.fmul(left, vector.constant(_LN2))
    lost = fma(left, vector.constant(_LN2), builder.fneg(rest))
    lost = fma(left, vector.constant(_LN2_REST), lost)
    return _grown(vector, exponent, _less_one(vector, rest, lost))


def _grown(vector: Vector, exponent: ir.Value, less_one: ir.Value) -> ir.Value:
    """(1 + m) 2^n, in two steps, since 2^n may be too large or small for a number."""
    builder = vector.builder
    half = builder.ashr(exponent, vector.integer(1))
    mantissa = builder.fadd(less_one, vector.constant(1.0))
    once = builder.fmul(mantissa, _whole_power_of_two(vector, half))
    return builder.fmul(once, _whole_power_of_two(vector, builder.sub(exponent, half)))


def _split(vector: Vector, argument: ir.Value) -> tuple[ir.Value, ir.Value]:
    """x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)): returns k as a double, and f."""
    builder = vector.builder
    small = vector.less(argument, vector.constant(2.0**-1022))
    scaled = builder.fmul(argument, vector.constant(2.0**54))
    normal = vector.select(small, scaled, argument)
    shift = vector.select(small, vector.constant(-54.0), vector.constant(0.0))
    bits = builder.bitcast(normal, vector.integers)
    above = builder.sub(bits, vector.integer(_SQRT_HALF_BITS))
    exponent = builder.ashr(above, vector.integer(52))
    mantissa = builder.sub(bits, builder.shl(exponent, vector.integer(52)))
    whole = builder.add(exponent, vector.integer(_ROUND_BITS))
    whole = builder.fsub(builder.bitcast(whole, vector.type), vector.constant(_ROUND))
    fraction = builder.fsub(builder.bitcast(mantissa, vector.type), vector.constant(1.0))
    return builder.fadd(whole, shift), fraction


def _ln_edges(vector: Vector, argument: ir.Value, result: ir.Value) -> ir.Value:
    """ln at 0, infinity, below 0 and at NaN."""
    zero, infinity = vector.constant(0.0), vector.constant(math.inf)
    equal = vector.builder.fcmp_ordered("==", argument, infinity)
    result = vector.select(equal, infinity, result)
    empty = vector.builder.fcmp_ordered("==", argument, zero)
    result = vector.select(empty, vector.constant(-math.inf), result)
    wrong = vector.builder.fcmp_unordered("<", argument, zero)
    return vector.select(wrong, vector.constant(math.nan), result)


def logarithm(vector: Vector, argument: ir.Value) -> ir.Value:
    """ln x from ln(1 + f) = 2 artanh(f / (2 + f))."""
    builder = vector.builder
    whole, f = _split(vector, argument)
    s = builder.fdiv(f, builder.fadd(f, vector.constant(2.0)))
    z = builder.fmul(s, s)
    series = [2.0 / (2 * k + 1) for k in range(_LN_TERMS, 0, -1)]
    tail = builder.fmul(z, polynomial(vector, z, series))
    half_square = builder.fmul(builder.fmul(f, f), vector.constant(0.5))
    correction = builder.fmul(s, builder.fadd(half_square, tail))
    correction = vector.fma(whole, vector.constant(_LN2_TAIL), correction)
    inner = builder.fsub(builder.fsub(half_square, correction), f)
    result = builder.fsub(builder.fmul(whole, vector.constant(_LN2_HEAD)), inner)
    return _ln_edges(vector, argument, result)


def _ln_pair(vector: Vector, argument: ir.Value) -> tuple[ir.Value, ir.Value]:
    """ln x as an unevaluated sum of two doubles, for finite positive x."""
    builder, fma = vector.builder, vector.fma
    whole, f = _split(vector, argument)
    bottom = builder.fadd(f, vector.constant(2.0))
    bottom_rest = builder.fsub(f, builder.fsub(bottom, vector.constant(2.0)))
    inverse = builder.fdiv(vector.constant(1.0), bottom)
    s = builder.fmul(f, inverse)
    rest = fma(builder.fneg(s), bottom, f)
    s_rest = builder.fmul(fma(builder.fneg(s), bottom_rest, rest), inverse)
    z = builder.fmul(s, s)
    z_rest = fma(s, s, builder.fneg(z))
    z_rest = fma(builder.fadd(s, s), s_rest, z_rest)
    third = vector.constant(1.0 / 3.0)
    cube = builder.fmul(z, third)
    cube_rest = fma(z, third, builder.fneg(cube))
    cube_rest = fma(z, vector.constant(_THIRD_REST), cube_rest)
    cube_rest = fma(z_rest, third, cube_rest)
    series = [1.0 / (2 * k + 1) for k in range(_LN_TERMS + 1, 1, -1)]
    further = builder.fmul(builder.fmul(z, z), polynomial(vector, z, series))
    t = builder.fadd(cube, further)
    t_rest = builder.fadd(builder.fadd(builder.fsub(cube, t), further), cube_rest)
    w = builder.fmul(s, t)
    w_rest = fma(s, t, builder.fneg(w))
    w_rest = fma(s, t_rest, fma(s_rest, t, w_rest))
    h = builder.fadd(s, w)
    h_rest = builder.fadd(builder.fadd(builder.fsub(s, h), w), builder.fadd(s_rest, w_rest))
    twice, twice_rest = builder.fadd(h, h), builder.fadd(h_rest, h_rest)
    head = builder.fmul(whole, vector.constant(_LN2_HEAD))
    total = builder.fadd(head, twice)
    total_rest = builder.fadd(builder.fsub(head, total), twice)
    total_rest = builder.fadd(total_rest, twice_rest)
    total_rest = fma(whole, vector.constant(_LN2_TAIL), total_rest)
    result = builder.fadd(total, total_rest)
    return result, builder.fadd(builder.fsub(total, result), total_rest)


def power(vector: Vector, base: ir.Value, exponent: ir.Value) -> ir.Value:
    """b^e; not a number for b < 0 and a broken e. The logarithm carries twice the working precision."""
    builder = vector.builder
    zero, one, infinity = (vector.constant(v) for v in (0.0, 1.0, math.inf))
    negative = vector.less(base, zero)
    base = vector.intrinsic("fabs", base)
    head, rest = _ln_pair(vector, base)
    product = builder.fmul(exponent, head)
    left_over = vector.fma(exponent, head, builder.fneg(product))
    left_over = vector.fma(exponent, rest, left_over)
    tame = vector.less(vector.intrinsic("fabs", product), vector.constant(750.0))
    left_over = vector.select(tame, left_over, zero)
    grown = exponential(vector, product)
    finite = vector.less(grown, infinity)
    result = vector.select(finite, vector.fma(grown, left_over, grown), grown)
    at_zero = vector.select(vector.less(exponent, zero), infinity, zero)
    result = vector.select(builder.fcmp_ordered("==", base, zero), at_zero, result)
    at_infinity = vector.select(vector.less(exponent, zero), zero, infinity)
    result = vector.select(builder.fcmp_ordered("==", base, infinity), at_infinity, result)
    result = vector.select(builder.fcmp_ordered("==", exponent, zero), one, result)
    whole = _is_whole(vector, exponent)
    even = _is_whole(vector, builder.fmul(exponent, vector.constant(0.5)))
    turned = builder.and_(negative, builder.not_(even))
    result = vector.select(turned, builder.fneg(result), result)
    wrong = builder.and_(negative, builder.not_(whole))
    wrong = builder.or_(wrong, builder.fcmp_unordered("uno", base, exponent))
    return vector.select(wrong, vector.constant(math.nan), result)


def _is_whole(vector: Vector, value: ir.Value) -> ir.Value:
    """Whether a number below 2^51 is whole: adding 1.5 * 2^52 leaves no bits for a fraction."""
    large = vector.constant(1.5 * 2.0**52)
    rounded = vector.builder.fsub(vector.builder.fadd(value, large), large)
    return vector.builder.fcmp_ordered("==", rounded, value)


def hyperbolic_tangent(vector: Vector, argument: ir.Value) -> ir.Value:
    """tanh x = m / (m + 2) with m = expm1(2 |x|)."""
    builder = vector.builder
    twice = vector.intrinsic("fabs", builder.fadd(argument, argument))
    limit = vector.constant(44.0)
    clipped = vector.select(vector.less(limit, twice), limit, twice)
    exponent, less_one = _reduce(vector, clipped)
    scale = _whole_power_of_two(vector, exponent)
    m = vector.fma(scale, less_one, builder.fsub(scale, vector.constant(1.0)))
    two = vector.constant(2.0)
    bottom = builder.fadd(m, two)
    lost = builder.fsub(m, builder.fsub(bottom, two))
    size = builder.fdiv(m, bottom)
    size = builder.fsub(size, builder.fdiv(builder.fmul(size, lost), bottom))
    return vector.intrinsic("copysign", size, argument)
