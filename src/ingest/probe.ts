import type { AudioStream, VideoSource, VideoStream, View } from '../core/index.js';
import { borderView, createCleaner } from './cleaning/index.js';
import type { IngestConfig } from './config.js';
import { mediaError } from './decoders/media-error.js';
import type { Decoder, DecodeStats } from './decoders/decoder.js';
import { judgeFile, type ProbeFacts } from './judge-file.js';
import { openMedia } from './open-media.js';
import { importCuts } from './shots-import.js';
import { createShotDetector, shotsBetween } from './shots.js';
import { readStereoTag } from './stereo-tag.js';

/** What a file's content says; the manifest adds paths, licence, origin and benchmark entries. */
export type ProbedFile = Omit<VideoSource, 'paths' | 'licence' | 'origin' | 'metadata' | 'benchmarks'>;

/** How to probe. */
export interface ProbeOptions {
  readonly config: IngestConfig;
  /** Frames per second of a folder of pictures, as a fraction. */
  readonly rate?: readonly [number, number] | undefined;
  /** Told of each picture of a folder that cannot be used: its path, and why. */
  readonly onDamaged?: ((path: string, why: string) => void) | undefined;
  /** Told whenever something was read or decoded: no word means no progress. */
  readonly onProgress?: (() => void) | undefined;
  readonly signal?: AbortSignal;
}

/**
 * Probes a file, a folder of pictures or a description in one decoding: what its container says, corrected by what decodes, its shots,
 * how much moves, and its hashes; judged by the corpus's rules for files.
 *
 * @throws MediaError with the ledger's code.
 */
export async function probeFile(path: string, decoder: Decoder, options: ProbeOptions): Promise<ProbedFile> {
  const { probed, facts } = await measureFile(path, decoder, options);
  const refusal = judgeFile({ probed, facts }, options.config);
  if (refusal) throw mediaError(refusal.code, path, refusal.message);
  return probed;
}

/** What a file's content says, and what decoding met. */
export interface MeasuredFile {
  readonly probed: ProbedFile;
  readonly facts: ProbeFacts;
}

/**
 * As `probeFile`, but for the rules: what it gives is the same whatever they are.
 *
 * @throws MediaError with the ledger's code.
 */
export async function measureFile(
  path: string,
  decoder: Decoder,
  { config, rate, onDamaged, onProgress, signal }: ProbeOptions,
): Promise<MeasuredFile> {
  const opened = await openMedia(path, { decoder, rate, onDamaged, limits: config.limits, signal });
  const { session, kind, isOneTake, hash } = opened;
  try {
    const content = await hash(onProgress);
    const detector = createShotDetector(config.shots);
    const cleaner = createCleaner(session.media.video);
    const pts: number[] = [];
    const { width, height } = config.shots;
    const small: View = { width, height, fit: 'stretch', fps: null, channels: 3, filter: 'area', reusesMemory: true };
    const views = { small, border: { ...borderView(session.media.video), reusesMemory: true } };
    for await (const { view, frame } of session.viewFrames({ span: null, views, signal })) {
      if (view === 'border') {
        cleaner.pushBorder(frame);
        continue;
      }
      if (!isOneTake) detector.push(frame);
      cleaner.pushSmall(frame);
      pts.push(frame.pts);
      onProgress?.();
    }
    const stats = session.stats();
    const video = measure(session.media.video, pts, stats);
    const listed = isOneTake ? null : importCuts(path, config.shots, { ...video, pts });
    const stereo = kind === 'file' ? readStereoTag(path) : null;
    const probed: ProbedFile = {
      schema: 1,
      id: content.sha256.slice(0, 16),
      kind,
      ...content,
      container: session.media.container,
      video,
      audio: soundOf(session.media.audio, stats),
      ...(stereo ? { stereo } : {}),
      ...cleaner.finish(shotsBetween(listed ?? detector.finish(), video)),
    };
    const { framesDecoded, droppedFrames } = stats;
    const { streams } = session.media;
    const counted = { framesPromised: session.media.video.frames, framesDecoded, droppedFrames };
    return { probed, facts: { ...counted, ...(streams === undefined ? {} : { streams }) } };
  } finally {
    await session.close();
  }
}

/** What the container claims of its sound, replaced by where its packets lie. */
function soundOf(claimed: AudioStream | null, { sound }: DecodeStats): AudioStream | null {
  if (!claimed || !sound) return claimed;
  return { ...claimed, startSeconds: sound.startSeconds, durationSeconds: sound.endSeconds - sound.startSeconds };
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
