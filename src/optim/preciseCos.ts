/** @file cos, correctly rounded. JavaScript's may be off by the last bit where C's, and so Python's, is not. */

/** Fixed point with 128 fractional bits: enough to round a float64 of usual size correctly. */
const BITS = 128n;
const ONE = 1n << BITS;
const TWO_PI = 2138057168129933495719360746323741566601n; // 2 pi * 2 ** 128

/**
 * Taylor series in fixed point; some 20 microseconds, called once per optimizer step.
 * @param x radians, 0 <= x < 2 ** 53.
 */
export function preciseCos(x: number): number {
  const angle = toFixedPoint(x) % TWO_PI;
  const square = (angle * angle) >> BITS;
  let term = ONE; // +-angle ** (n - 1) / (n - 1)!
  let sum = 0n;
  for (let n = 1n; term !== 0n; n += 2n) {
    sum += term;
    term = (-term * square) / (n * (n + 1n) * ONE);
  }
  return Number(sum) / 2 ** Number(BITS); // Number() rounds to nearest; dividing by a power of two is exact
}

function toFixedPoint(x: number): bigint {
  const whole = Math.trunc(x);
  return (BigInt(whole) << BITS) + BigInt(Math.trunc((x - whole) * 2 ** Number(BITS)));
}
