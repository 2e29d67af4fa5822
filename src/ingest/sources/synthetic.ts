import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, type BenchmarkEntry } from '../../core/index.js';
import { createMotionSet, motionSetClassNames, type SyntheticVideo } from '../../synthetic/index.js';
import { encodeVideo } from '../encoder.js';
import type { Candidate, ExpandedSources } from './candidate.js';

/** The generated motion set of a seed, as files that are made below `<corpus>/media` when they are probed. */
export function expandSynthetic(seedText: string, corpus: string): ExpandedSources {
  const seed = Number(seedText);
  if (seedText.trim() === '' || !Number.isSafeInteger(seed) || seed < 0) {
    throw new ConfigError(`synthetic:SEED takes a whole number, got ${JSON.stringify(seedText)}.`, {
      code: 'unknown-source',
    });
  }
  const candidates = createMotionSet({ seed }).map((video): Candidate => ({
    path: join(corpus, 'media', `synthetic-${seed}`, `${video.name}.mp4`),
    key: `synthetic-${seed}/${video.name}`,
    licence: null,
    origin: `synthetic:${seed}`,
    benchmarks: { synthetic: [entryOf(video)] },
    synthetic: { seed, name: video.name },
  }));
  const benchmarks = { synthetic: { classNames: motionSetClassNames, listed: candidates.length } };
  return { candidates, ignored: 0, absent: 0, benchmarks, warnings: [] };
}

/** Makes one video of a motion set as an MP4 file with sound, unless it is there. */
export async function materialise(
  { seed, name }: { readonly seed: number; readonly name: string },
  path: string,
): Promise<void> {
  if (existsSync(path)) return;
  const video = createMotionSet({ seed }).find((it) => it.name === name);
  if (!video) throw new RangeError(`The motion set of seed ${seed} has no video ${name}.`);
  await encodeVideo(path, {
    frames: framesOf(video),
    width: video.width,
    height: video.height,
    fps: video.fps,
    audio: { data: video.audio(), sampleRateHz: video.sampleRateHz },
  });
}

function* framesOf(video: SyntheticVideo): Generator<Uint8Array> {
  for (let i = 0; i < video.frameCount; i++) yield video.frame(i);
}

function entryOf({ className, name, label, group, role }: SyntheticVideo): BenchmarkEntry {
  return { key: `${className}/${name}`, label, className, group, roles: [role] };
}
