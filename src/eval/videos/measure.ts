import type { Encoder } from '../../engine/index.js';
import type { LabelledSource } from '../benchmarks/roles.js';
import type { EvaluateContext } from '../define-evaluator.js';
import { describeByEncoder, readVideos, trivialDescribers } from './describe.js';
import type { PictureSettings } from './pictures.js';

/** Numbers of the colour histogram and of the gradients. */
export const trivialLengths = [64, 144] as const;

/** What one video costs. */
export interface MeasuredVideos {
  /** Videos that were measured. */
  readonly videos: number;
  /** Of one video, all places of each counted. */
  readonly pictures: number;
  /** Seconds to read its pictures, to describe them by a network, and by rules. */
  readonly read: number;
  readonly encode: number;
  readonly trivial: number;
}

/** What a measurement is made on. */
export interface MeasureOptions<Settings> {
  readonly layer: string;
  readonly config: Settings;
  /** Videos to measure on. */
  readonly list: readonly LabelledSource[];
  readonly context: EvaluateContext<'encoder'>;
}

/** A watch that gives the seconds since it was last asked. */
export function startLaps(): () => number {
  let started = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - started) / 1000;
    started = now;
    return seconds;
  };
}

/** Reads and describes a few videos; the first is read twice and counted once. */
export async function measureVideos(
  encoder: Encoder,
  { layer, config, list, context }: MeasureOptions<PictureSettings>,
): Promise<MeasuredVideos> {
  const reading = { encoder, settings: config, context, stage: 'plan', done: 0, total: list.length };
  const describers = [describeByEncoder(encoder, layer), ...trivialDescribers(encoder)];
  const sums = { read: 0, encode: 0, trivial: 0 };
  let pictures = 0;
  let videos = -1;
  const lap = startLaps();
  for await (const video of readVideos({ ...reading, list: [list[0]!, ...list] })) {
    const seen = video.pictures.flat();
    const read = lap();
    const [encode = 0, ...rest] = describers.map((describer) => {
      describer.describe(seen);
      return lap();
    });
    pictures = seen.length;
    if (++videos === 0) continue;
    sums.read += read;
    sums.encode += encode;
    sums.trivial += rest.reduce((a, b) => a + b, 0);
    lap();
  }
  return { videos, pictures, read: sums.read / videos, encode: sums.encode / videos, trivial: sums.trivial / videos };
}

/** Some of a list, evenly by the length of their videos. */
export function spreadByLength(list: readonly LabelledSource[], count = 8): readonly LabelledSource[] {
  const byLength = [...list].sort((a, b) => a.source.video.durationSeconds - b.source.video.durationSeconds);
  const wanted = Math.min(count, byLength.length);
  return Array.from({ length: wanted }, (_, i) => byLength[Math.floor(((i + 0.5) * byLength.length) / wanted)]!);
}

/** `12 ms`, `3.1 s`, `5.0 min`. */
export const saySeconds = (seconds: number): string =>
  seconds < 1
    ? `${(1000 * seconds).toPrecision(2)} ms`
    : seconds < 120
      ? `${seconds.toPrecision(3)} s`
      : `${(seconds / 60).toPrecision(3)} min`;
