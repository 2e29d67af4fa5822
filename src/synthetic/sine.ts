/**
 * Sine of an angle in turns (1 is a full circle), to 1e-9. By sums and products alone: Math.sin gives other last bits on
 * other Node versions, and what is drawn from a seed must not.
 */
export function sineOfTurns(turns: number): number {
  const part = turns - Math.round(turns); // -0.5 to 0.5
  const folded = part > 0.25 ? 0.5 - part : part < -0.25 ? -0.5 - part : part; // -0.25 to 0.25
  const x = folded * 6.283185307179586;
  const s = x * x;
  let sum = 1;
  for (let k = 15; k >= 3; k -= 2) sum = 1 - (s * sum) / (k * (k - 1)); // Taylor's series, nested
  return x * sum;
}

/** Cosine of an angle in turns; see `sineOfTurns`. */
export function cosineOfTurns(turns: number): number {
  return sineOfTurns(turns + 0.25);
}
