import type { Random } from '../core/index.js';
import { sineOfTurns } from './sine.js';

/** How long a made sound is. */
export interface SoundLength {
  readonly seconds: number;
  readonly sampleRateHz: number;
}

/** Noise with a triangular distribution of this deviation. @returns float32 [samples], mono; so are all sounds here. */
export function noise({ seconds, sampleRateHz }: SoundLength, deviation: number, random: Random): Float32Array {
  const scale = deviation * 2.449489742783178; // the sum of two uniform numbers in ±1/2 has the deviation 1/√6
  return Float32Array.from(
    { length: Math.round(seconds * sampleRateHz) },
    () => scale * (random.float() - random.float()),
  );
}

/** A steady tone. */
export function tone({ seconds, sampleRateHz }: SoundLength, hertz: number, amplitude: number): Float32Array {
  return Float32Array.from(
    { length: Math.round(seconds * sampleRateHz) },
    (_, i) => amplitude * sineOfTurns((i * hertz) / sampleRateHz),
  );
}

/** The sound, made louder and softer so many times a second: times (1 + sine) / 2. */
export function pulsate(sound: Float32Array, sampleRateHz: number, hertz: number, phase = 0): Float32Array {
  return sound.map((value, i) => (value * (1 + sineOfTurns((i * hertz) / sampleRateHz + phase))) / 2);
}

/** The sound without what is above about `hertz`: a filter of the first order. */
export function soften(sound: Float32Array, sampleRateHz: number, hertz: number): Float32Array {
  const step = Math.min(1, (6.283185307179586 * hertz) / sampleRateHz);
  let held = 0;
  return sound.map((value) => (held += step * (value - held)));
}

/** Events at random times. */
export interface Strikes {
  readonly perSecond: number;
  /** Of each event, until it is half as strong. */
  readonly halfSeconds: number;
  /** Turns of its wave that have gone by so many seconds after the strike; null: noise. */
  readonly turns: ((seconds: number, pitch: number) => number) | null;
  /** Range in which the pitch of each is drawn evenly, hertz. */
  readonly pitch?: readonly [low: number, high: number];
  readonly amplitude: number;
}

/** Struck at random times, each strike dying away. */
export function strike(
  { seconds, sampleRateHz }: SoundLength,
  { perSecond, halfSeconds, turns, pitch = [0, 0], amplitude }: Strikes,
  random: Random,
): Float32Array {
  const out = new Float32Array(Math.round(seconds * sampleRateHz));
  const length = Math.round(8 * halfSeconds * sampleRateHz);
  const decay = halveIn(halfSeconds * sampleRateHz);
  for (let n = 0; n < Math.round(seconds * perSecond); n++) {
    const start = random.int(out.length);
    const hertz = pitch[0] + random.float() * (pitch[1] - pitch[0]);
    let level = amplitude * (0.6 + 0.4 * random.float());
    for (let i = 0; i < length && start + i < out.length; i++) {
      out[start + i]! += level * (turns ? sineOfTurns(turns(i / sampleRateHz, hertz)) : 2 * random.float() - 1);
      level *= decay;
    }
  }
  return out;
}

/** Adds up sounds of one length. */
export function mix(...sounds: readonly Float32Array[]): Float32Array {
  return sounds[0]!.map((_, i) => sounds.reduce((sum, sound) => sum + sound[i]!, 0));
}

/** The factor that halves a number when it is taken so many times: found by halving the interval, with products alone. */
function halveIn(times: number): number {
  let [low, high] = [0, 1];
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    if (raised(middle, Math.max(1, Math.round(times))) < 0.5) low = middle;
    else high = middle;
  }
  return high;
}

function raised(base: number, times: number): number {
  let [product, square] = [1, base];
  for (let rest = times; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) product *= square;
    square *= square;
  }
  return product;
}
