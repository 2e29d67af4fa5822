import { MediaError, type Shot, type VideoSource, type VideoStream, type View } from '../core/index.js';
import { perceptualHash, toLuma } from '../vision/index.js';
import type { IngestConfig } from './config.js';
import type { Decoder, DecodeStats } from './decoders/decoder.js';
import { openMedia } from './open-media.js';
import { createShotDetector } from './shots.js';

/** What a file's content says; the manifest adds paths, licence, origin and benchmark entries. */
export type ProbedFile = Omit<VideoSource, 'paths' | 'licence' | 'origin' | 'benchmarks'>;

const side = 32;
const tiny: View = { width: side, height: side, fit: 'stretch', fps: null, channels: 3 };
/** Frames whose hashes make the perceptual hash of a video. */
const hashedFrames = 4;

/** How to probe. */
export interface ProbeOptions {
  readonly config: IngestConfig;
  /** Frames per second of a folder of pictures, as a fraction. */
  readonly rate?: readonly [number, number] | undefined;
  /** Told of each picture of a folder that cannot be used: its path, and why. */
  readonly onDamaged?: ((path: string, why: string) => void) | undefined;
  readonly signal?: AbortSignal;
}

/**
 * Probes a file, a folder of pictures or a description in one decoding: what its container says, corrected by what decodes, its shots,
 * how much moves, and its hashes.
 *
 * @throws MediaError with the ledger's code.
 */
export async function probeFile(
  path: string,
  decoder: Decoder,
  { config, rate, onDamaged, signal }: ProbeOptions,
): Promise<ProbedFile> {
  const { session, kind, isOneTake, hash } = await openMedia(path, { decoder, rate, onDamaged, signal });
  try {
    const content = await hash();
    const detector = createShotDetector(config.shots);
    const pts: number[] = [];
    const spread = createSpreadSample(64);
    let before: Uint8Array | null = null;
    let difference = 0;
    let still = 0;
    const { width, height } = config.shots;
    const views = isOneTake ? { tiny } : { shots: { ...tiny, width, height }, tiny };
    for await (const { view, frame } of session.viewFrames({ span: null, views, signal })) {
      if (view === 'shots') {
        detector.push(frame);
        continue;
      }
      const luma = toLuma(frame.data);
      if (before) {
        const moved = meanDifference(before, luma);
        difference += moved;
        if (moved === 0) still++;
      }
      spread.push(luma);
      pts.push(frame.pts);
      before = luma;
    }
    const video = measure(session.media.video, pts, session.stats());
    const probed: ProbedFile = {
      schema: 1,
      id: content.sha256.slice(0, 16),
      kind,
      ...content,
      container: session.media.container,
      video,
      audio: session.media.audio,
      shots: shotsOf(detector.finish().cuts, video),
      motion: pts.length > 1 ? difference / (pts.length - 1) : 0,
      still: pts.length > 1 ? still / (pts.length - 1) : 0,
      perceptualHash: spread
        .take(hashedFrames)
        .map((luma) => perceptualHash(luma, side, side))
        .join('-'),
    };
    judge(path, probed, session.media.video.frames, session.stats(), config);
    return probed;
  } finally {
    await session.close();
  }
}

/** The container's claims, replaced by what decoding has shown. */
function measure(claimed: VideoStream, pts: readonly number[], stats: DecodeStats): VideoStream {
  const steps = pts.slice(1).map((time, i) => time - pts[i]!);
  const sorted = steps.toSorted((a, b) => a - b);
  const [num, den] = claimed.timeBase;
  const usual =
    sorted[sorted.length >> 1] ??
    Math.max(1, stats.lastDuration, claimed.averageRate > 0 ? Math.round(den / (num * claimed.averageRate)) : 1);
  // Some containers give every frame one tick.
  const last = stats.lastDuration * 2 >= usual ? stats.lastDuration : usual;
  const startPts = pts[0]!;
  const endPts = pts.at(-1)! + last;
  const tolerance = Math.max(1, usual * 0.1);
  const irregular = steps.filter((step) => Math.abs(step - usual) > tolerance).length;
  const durationSeconds = ((endPts - startPts) * num) / den;
  return {
    ...claimed,
    startPts,
    endPts,
    durationSeconds,
    frames: pts.length,
    averageRate: pts.length / durationSeconds,
    variableRate: irregular > steps.length * 0.05,
    interlaced: stats.interlacedFrames * 2 > stats.framesDecoded,
  };
}

function judge(path: string, { video }: ProbedFile, promised: number, stats: DecodeStats, config: IngestConfig): void {
  const fail = (code: ConstructorParameters<typeof MediaError>[0], why: string) => {
    throw new MediaError(code, `${path}: ${why}.`, { context: { path } });
  };
  if (stats.droppedFrames > video.frames)
    fail('bad-timestamps', `the times of ${stats.droppedFrames} of ${stats.framesDecoded} frames do not rise`);
  if (video.frames < promised * config.minDecodableShare)
    fail('truncated', `${video.frames} of ${promised} promised frames can be decoded`);
  if (video.durationSeconds < config.minSeconds)
    fail('too-short', `${video.durationSeconds} s, the corpus wants ${config.minSeconds} s`);
  const shorter = Math.min(video.width, video.height);
  if (shorter < config.minSide)
    fail('too-small', `${video.width}×${video.height} pixels, the corpus wants ${config.minSide}`);
}

function shotsOf(cuts: readonly number[], { startPts, endPts }: VideoStream): readonly Shot[] {
  const bounds = [startPts, ...cuts, endPts];
  return bounds.slice(1).map((end, index) => ({ index, startPts: bounds[index]!, endPts: end, crop: null }));
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}

/** Keeps evenly spread items of a stream of unknown length, at most `2 * capacity` at a time. */
function createSpreadSample(capacity: number): {
  push(item: Uint8Array): void;
  take(count: number): readonly Uint8Array[];
} {
  let kept: Uint8Array[] = [];
  let stride = 1;
  let seen = 0;
  return {
    push(item) {
      if (seen++ % stride === 0) kept.push(item);
      if (kept.length < capacity * 2) return;
      kept = kept.filter((_, i) => i % 2 === 0);
      stride *= 2;
    },
    take: (count) =>
      Array.from(
        { length: Math.min(count, kept.length) },
        (_, i, n = Math.min(count, kept.length)) => kept[Math.floor(((i + 0.5) * kept.length) / n)]!,
      ),
  };
}
