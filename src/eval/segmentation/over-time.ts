/**
 * By how much scores fall over a sequence, as parts whose mean is that fall: mean of the first quarter less mean of the last, each with its
 * two borders, as DAVIS has it. One part for each score.
 *
 * Source: Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation", CVPR 2016, section 5.
 * Differs: the benchmark's own tools keep borders in eight bits, which is wrong beyond 256 frames.
 */
export function decayParts(scores: readonly number[]): readonly number[] {
  const border = (quarter: number) => Math.round((quarter * (scores.length - 1)) / 4);
  const [second, last] = [border(1), border(3)];
  return scores.map((score, i) => {
    const before = i <= second ? 1 / (second + 1) : 0;
    const after = i >= last ? 1 / (scores.length - last) : 0;
    return scores.length * score * (before - after);
  });
}

/** Values of each group by themselves, in the order of all. */
export function byGroup(
  values: readonly number[],
  groups: readonly string[],
  map: (own: readonly number[]) => readonly number[],
): readonly number[] {
  const places = new Map<string, number[]>();
  groups.forEach((group, i) => {
    const own = places.get(group) ?? [];
    own.push(i);
    places.set(group, own);
  });
  const out = new Array<number>(values.length);
  for (const own of places.values()) {
    const mapped = map(own.map((i) => values[i]!));
    own.forEach((i, n) => (out[i] = mapped[n]!));
  }
  return out;
}
