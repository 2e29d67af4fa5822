import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, type BenchmarkEntry } from '../../core/index.js';
import { syntheticSets, type GeneratedVideo, type SyntheticSet } from '../../synthetic/index.js';
import { encodeVideo } from '../encoder.js';
import type { Candidate, ExpandedSources } from './candidate.js';

/**
 * `synthetic:SEED` (the demo's motion set) and `synthetic:KIND@SEED`: a generated set, as files that are made below
 * `<corpus>/media` when they are probed.
 *
 * @throws ConfigError `unknown-source` for a seed or a kind that is none.
 */
export function expandSynthetic(text: string, corpus: string): ExpandedSources {
  const [, kind = 'motion', seedText = ''] = /^(?:([a-z-]+)@)?(.*)$/s.exec(text) ?? [];
  const seed = Number(seedText);
  if (seedText.trim() === '' || !Number.isSafeInteger(seed) || seed < 0) {
    throw new ConfigError(`synthetic:SEED takes a whole number, got ${JSON.stringify(seedText)}.`, {
      code: 'unknown-source',
    });
  }
  const set = setOf(kind);
  const isMotion = kind === 'motion';
  const folder = isMotion ? `synthetic-${seed}` : `synthetic-${kind}-${seed}`;
  const benchmark = isMotion ? 'synthetic' : `synthetic-${kind}`;
  const candidates = set.create(seed).map((video): Candidate => ({
    path: join(corpus, 'media', folder, `${video.name}.mp4`),
    key: `${folder}/${video.name}`,
    licence: null,
    origin: isMotion ? `synthetic:${seed}` : `synthetic:${kind}@${seed}`,
    benchmarks: { [benchmark]: [entryOf(video)] },
    synthetic: { kind, seed, name: video.name },
  }));
  const benchmarks = { [benchmark]: { classNames: set.classNames, listed: candidates.length } };
  return { candidates, ignored: 0, absent: 0, benchmarks, warnings: [] };
}

/** Makes one video of a generated set as an MP4 file, with sound where it has any, unless it is there. */
export async function materialise(
  { kind, seed, name }: { readonly kind: string; readonly seed: number; readonly name: string },
  path: string,
): Promise<void> {
  if (existsSync(path)) return;
  const set = setOf(kind);
  const video = set.create(seed).find((it) => it.name === name);
  if (!video) throw new RangeError(`The ${kind} set of seed ${seed} has no video ${name}.`);
  const { width, height, fps, sampleRateHz } = video;
  await encodeVideo(path, {
    frames: framesOf(video),
    width,
    height,
    fps,
    ...(video.audio && sampleRateHz !== undefined ? { audio: { data: video.audio(), sampleRateHz } } : {}),
    ...(set.quality === undefined ? {} : { quality: set.quality }),
  });
}

function setOf(kind: string): SyntheticSet {
  const set = syntheticSets[kind];
  if (set) return set;
  throw new ConfigError(
    `There is no generated set ${JSON.stringify(kind)}; there are ${Object.keys(syntheticSets).join(', ')}.`,
    { code: 'unknown-source', context: { kind } },
  );
}

function* framesOf(video: GeneratedVideo): Generator<Uint8Array> {
  for (let i = 0; i < video.frameCount; i++) yield video.frame(i);
}

function entryOf({ className, name, label, group, role }: GeneratedVideo): BenchmarkEntry {
  return { key: `${className}/${name}`, label, className, group, roles: [role] };
}
