/**
 * Natural logarithm, to 1e-15. By sums and products alone: Math.log may give other last bits on other Node versions, and what
 * samples are made of must not. So with all of this file.
 */
export function naturalLog(x: number): number {
  if (!(x > 0) || x === Infinity) throw new RangeError(`x must be positive and finite, got ${x}.`);
  let [mantissa, exponent] = [x, 0];
  for (; mantissa > 1.4142135623730951; exponent++) mantissa /= 2;
  for (; mantissa < 0.7071067811865476; exponent--) mantissa *= 2;
  const t = (mantissa - 1) / (mantissa + 1);
  let sum = 0;
  for (let n = 21; n >= 1; n -= 2) sum = sum * t * t + 2 / n;
  return sum * t + exponent * 0.6931471805599453;
}

/** The exponential function, to 1e-15 relative. */
export function exponential(x: number): number {
  const halvings = Math.max(0, Math.ceil(Math.abs(x)));
  const y = x / (halvings + 1);
  let sum = 1;
  for (let n = 18; n >= 1; n--) sum = 1 + (sum * y) / n;
  let product = 1;
  for (let i = 0; i <= halvings; i++) product *= sum;
  return product;
}

/** Cosine of an angle from -π/2 to π/2, given in half turns (-0.5 to 0.5), to 1e-15. */
export function cosineOfHalfTurns(halfTurns: number): number {
  const x = halfTurns * 3.141592653589793;
  let sum = 1;
  for (let n = 24; n >= 2; n -= 2) sum = 1 - (x * x * sum) / (n * (n - 1));
  return sum;
}
