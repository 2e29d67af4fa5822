import type { Random } from '../core/index.js';
import { sineOfTurns } from './sine.js';

const loudness = 0.25;
const clickSeconds = 0.02;
const rampSeconds = 0.01;

/**
 * The sound of a motion: a tone whose pitch rises with the speed and that falls silent at rest, and a click at each event.
 *
 * @param speeds one per frame, in shares of the picture's width per frame.
 * @param clicks frame numbers.
 * @returns float32 [samples], -1–1.
 */
export function renderMotionSound(
  speeds: readonly number[],
  clicks: readonly number[],
  { fps, sampleRateHz, random }: { readonly fps: number; readonly sampleRateHz: number; readonly random: Random },
): Float32Array {
  const out = new Float32Array(Math.round((speeds.length * sampleRateHz) / fps));
  let turns = 0;
  let level = 0;
  const step = 1 / (rampSeconds * sampleRateHz);
  for (let i = 0; i < out.length; i++) {
    const speed = speeds[Math.min(speeds.length - 1, Math.floor((i * fps) / sampleRateHz))]!;
    level = speed > 0 ? Math.min(1, level + step) : Math.max(0, level - step);
    if (speed > 0) turns += pitchHz(speed) / sampleRateHz;
    out[i] = loudness * level * sineOfTurns(turns);
  }
  const length = Math.round(clickSeconds * sampleRateHz);
  for (const frame of clicks) {
    const at = Math.round((frame * sampleRateHz) / fps);
    for (let k = 0; k < length && at + k < out.length; k++) {
      out[at + k]! += 0.6 * (1 - k / length) * (2 * random.float() - 1);
    }
  }
  return out;
}

/** Pitch of the tone for a speed in picture widths per frame: 220 Hz at a crawl, an octave more at 1/200. */
export function pitchHz(speed: number): number {
  return 220 * (1 + 200 * speed);
}
