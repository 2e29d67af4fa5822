import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, writeFileWhole, type BenchmarkEntry } from '../../core/index.js';
import { syntheticSets, type GeneratedVideo, type SetSize, type SyntheticSet } from '../../synthetic/index.js';
import { encodeImage } from '../../vision/index.js';
import { encodeVideo } from '../encoder.js';
import type { Candidate, ExpandedSources } from './candidate.js';
import { parseSourceText, wholeSetting } from './source-text.js';

/**
 * `synthetic:SEED` (the demo's motion set) and `synthetic:KIND@SEED`: a generated set, as files that are made below
 * `<corpus>/media` when they are probed. A set of an adjustable size (`shapes`) may be followed by `?train=N&test=N`.
 *
 * @throws ConfigError `unknown-source` for a seed, a kind or a setting that is none.
 */
export function expandSynthetic(text: string, corpus: string): ExpandedSources {
  const [, kind = 'motion', rest = ''] = /^(?:([a-z-]+)@)?(.*)$/s.exec(text) ?? [];
  const set = setOf(kind);
  const { seedText, size } = sizeOf(set, rest);
  const seed = Number(seedText);
  if (seedText.trim() === '' || !Number.isSafeInteger(seed) || seed < 0) {
    throw new ConfigError(`synthetic:SEED takes a whole number, got ${JSON.stringify(seedText)}.`, {
      code: 'unknown-source',
    });
  }
  const isMotion = kind === 'motion';
  const folder = isMotion ? `synthetic-${seed}` : `synthetic-${kind}-${seed}`;
  const benchmark = isMotion ? 'synthetic' : `synthetic-${kind}`;
  const videos = set.create(seed, size);
  const candidates = videos.map((video): Candidate => ({
    path: join(corpus, 'media', folder, `${video.name}.${isPicture(video) ? 'jpg' : 'mp4'}`),
    key: `${folder}/${video.name}`,
    licence: null,
    origin: isMotion ? `synthetic:${seed}` : `synthetic:${kind}@${seed}`,
    benchmarks: { [benchmark]: entriesOf(video) },
    synthetic: { kind, seed, name: video.name },
  }));
  const byGroup = videos.some(({ labels }) => labels) ? { listedBy: 'group' as const } : {};
  const facts = { classNames: set.classNames, listed: candidates.length, ...byGroup };
  return { candidates, ignored: 0, absent: 0, benchmarks: { [benchmark]: facts }, warnings: [] };
}

/** Makes one video of a generated set as an MP4 file, with sound where it has any, or as a JPEG if it is a picture; unless it is there. */
export async function materialise(
  { kind, seed, name }: { readonly kind: string; readonly seed: number; readonly name: string },
  path: string,
): Promise<void> {
  if (existsSync(path)) return;
  const set = setOf(kind);
  const video = set.adjustable ? set.adjustable.find(seed, name) : set.create(seed).find((it) => it.name === name);
  if (!video) throw new RangeError(`The ${kind} set of seed ${seed} has no video ${name}.`);
  const { width, height, fps, sampleRateHz } = video;
  if (isPicture(video)) {
    const { data } = await encodeImage(video.frame(0), width, height, 3);
    writeFileWhole(path, data);
    return;
  }
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

/** Videos of each role, where the set lets that be said, and what is before it. */
function sizeOf({ adjustable }: SyntheticSet, text: string): { readonly seedText: string; readonly size?: SetSize } {
  if (!adjustable) return { seedText: text };
  const parsed = parseSourceText(text, ['train', 'test']);
  const count = (role: keyof SetSize) => wholeSetting(parsed, role, { least: 0, otherwise: adjustable.size[role] });
  return { seedText: parsed.place, size: { train: count('train'), test: count('test') } };
}

const isPicture = ({ frameCount }: GeneratedVideo): boolean => frameCount === 1;

function entriesOf({ name, label, className, labels, group, role }: GeneratedVideo): readonly BenchmarkEntry[] {
  return (labels ?? [{ label, className, ignored: false }]).map((shown) => ({
    key: `${shown.className}/${name}`,
    label: shown.label,
    className: shown.className,
    group,
    roles: [role],
    ...(shown.ignored ? { ignored: true as const } : {}),
  }));
}
