/**
 * How the values of each channel are spread.
 *
 * @param data uint8 [pixels, channels].
 * @param bins equal parts of 0–255; must divide 256.
 * @returns float64 [channels, bins]; each channel sums to 1.
 */
export function histogram(data: Uint8Array, channels = 3, bins = 16): Float64Array {
  if (data.length === 0 || data.length % channels !== 0) {
    throw new RangeError(`data must hold whole pixels of ${channels} bytes, got ${data.length} bytes.`);
  }
  if (!Number.isInteger(256 / bins)) throw new RangeError(`bins must divide 256, got ${bins}.`);
  const out = new Float64Array(channels * bins);
  const span = 256 / bins;
  for (let i = 0; i < data.length; i++) out[(i % channels) * bins + Math.floor(data[i]! / span)]! += 1;
  const pixels = data.length / channels;
  return out.map((count) => count / pixels);
}

/** Share of pixels that would have to change their bin, mean over the channels, 0–1. */
export function histogramDistance(a: Float64Array, b: Float64Array, channels = 3): number {
  if (a.length !== b.length) throw new RangeError(`Histograms of ${a.length} and ${b.length} bins cannot be compared.`);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / (2 * channels);
}
