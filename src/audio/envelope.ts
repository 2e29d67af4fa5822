/** How loud a sound is over time. */
export interface Envelope {
  /** float32 [windows]: root of the mean square of each window. */
  readonly rms: Float32Array;
  readonly windowSeconds: number;
}

/**
 * Root mean square of consecutive windows that do not overlap; a last part of a window is left out.
 *
 * @param data float32 [samples].
 * @param windowSeconds rounded to whole samples, at least one.
 */
export function rmsEnvelope(data: Float32Array, sampleRateHz: number, windowSeconds = 0.01): Envelope {
  if (!(sampleRateHz > 0)) throw new RangeError(`sampleRateHz must be positive, got ${sampleRateHz}.`);
  const size = Math.max(1, Math.round(windowSeconds * sampleRateHz));
  const rms = new Float32Array(Math.floor(data.length / size));
  for (let w = 0; w < rms.length; w++) {
    let sum = 0;
    for (let i = w * size; i < (w + 1) * size; i++) sum += data[i]! * data[i]!;
    rms[w] = Math.sqrt(sum / size);
  }
  return { rms, windowSeconds: size / sampleRateHz };
}

/**
 * Times at which a sound sets in: windows louder than `rise` times the loudest of the `lookback` windows before
 * them and louder than `floor`; of a run of such windows the first.
 *
 * @returns seconds from the start of the sound, rising.
 */
export function onsetTimes(
  { rms, windowSeconds }: Envelope,
  {
    rise = 1.5,
    floor = 0.01,
    lookback = 3,
  }: { readonly rise?: number; readonly floor?: number; readonly lookback?: number } = {},
): readonly number[] {
  const times: number[] = [];
  let last = -Infinity;
  for (let w = 0; w < rms.length; w++) {
    let before = 0;
    for (let k = Math.max(0, w - lookback); k < w; k++) before = Math.max(before, rms[k]!);
    if (rms[w]! <= floor || rms[w]! <= rise * before) continue;
    if (w - last > lookback) times.push(w * windowSeconds);
    last = w;
  }
  return times;
}
