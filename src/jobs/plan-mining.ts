import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hashJson, runJob, scratchFolder, type VideoSource } from '../core/index.js';
import { readCorpus } from '../ingest/index.js';
import { selectSources } from '../mining/index.js';
import { mine, planSignals, type MineOptions, type MineSummary } from './mine.js';

/** What `mine` would do, from a few sources that are really mined into a scratch folder and thrown away. */
export interface MinePlan {
  /** `units`: shots to mine; samples and bytes are extrapolated. */
  readonly signals: readonly {
    readonly name: string;
    readonly configHash: string;
    readonly units: number;
    readonly samples: number;
    readonly bytes: number;
  }[];
  readonly sources: number;
  readonly shots: number;
  /** Of video. */
  readonly videoSeconds: number;
  /** How many sources were measured; 0: the corpus is empty. */
  readonly measured: number;
  /** Extrapolated by the length of the videos. */
  readonly estimate: { readonly seconds: number; readonly samples: number; readonly bytes: number };
}

const measuredSeconds = 120; // of video, about
const [fewest, most] = [4, 16];

/**
 * Measures `mine` on a few sources of all lengths and extrapolates. What processes take to start is measured first, on the shortest
 * source, and not multiplied. `measured` is how many sources; default: 4 to 16, so that they are about two minutes of video.
 */
export async function planMining(
  options: MineOptions,
  { measured }: { readonly measured?: number } = {},
): Promise<MinePlan> {
  const { sources } = selectSources((await readCorpus(options.corpus)).sources, options);
  const signals = await planSignals(options);
  const chosen = spreadByLength(sources, measured ?? howMany(sources));
  const [shortest] = [...chosen].sort((a, b) => a.video.durationSeconds - b.video.durationSeconds);
  const scratch = mkdtempSync(join(scratchFolder(), 'reelmine-plan-'));
  const attempt = async (only: readonly VideoSource[], name: string) => {
    const started = performance.now();
    const whole = { split: undefined, role: undefined, limit: undefined, part: undefined } as const;
    const result = await runJob(
      mine({ ...options, ...whole, out: join(scratch, name), only: only.map(({ id }) => id) }),
    );
    return { result, seconds: (performance.now() - started) / 1000 };
  };
  try {
    const small = shortest && chosen.length > 1 ? await attempt([shortest], 'small') : null;
    const trial = chosen.length > 0 ? await attempt(chosen, 'trial') : null;
    const share = chosen.length === 0 ? 0 : lengthOf(sources) / lengthOf(chosen);
    const each = signals.map(({ name, configHash }) => ({
      name,
      configHash,
      units: shotsOf(sources),
      ...extrapolate(trial?.result.signals[name]?.summary ?? null, share),
    }));
    return {
      signals: each,
      sources: sources.length,
      shots: shotsOf(sources),
      videoSeconds: lengthOf(sources),
      measured: chosen.length,
      estimate: {
        seconds: trial
          ? secondsFor(lengthOf(sources), [
              ...(small && shortest ? [{ length: lengthOf([shortest]), seconds: small.seconds }] : []),
              { length: lengthOf(chosen), seconds: trial.seconds },
            ])
          : 0,
        samples: each.reduce((sum, { samples }) => sum + samples, 0),
        bytes: each.reduce((sum, { bytes }) => sum + bytes, 0),
      },
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Seconds that so much video takes: a line through the last two measurements that does not fall, or from 0 through the only one. */
export function secondsFor(
  length: number,
  measured: readonly { readonly length: number; readonly seconds: number }[],
): number {
  const large = measured.at(-1);
  const small = measured.at(-2) ?? { length: 0, seconds: 0 };
  if (!large) return 0;
  if (large.length <= small.length || large.seconds <= small.seconds) return (large.seconds * length) / large.length;
  const slope = (large.seconds - small.seconds) / (large.length - small.length);
  return Math.max(0, large.seconds + slope * (length - large.length));
}

/** So many sources that their lengths lie as those of all do: the middles of as many strata of length; of equals by the hash of their ids. */
export function spreadByLength(sources: readonly VideoSource[], count: number): readonly VideoSource[] {
  const ranked = sources
    .map((source) => ({ source, length: source.video.durationSeconds, hash: hashJson(source.id) }))
    .sort((a, b) => a.length - b.length || (a.hash < b.hash ? -1 : 1));
  if (ranked.length <= count) return sources;
  return Array.from({ length: count }, (_, i) => ranked[Math.floor(((i + 0.5) * ranked.length) / count)]!.source);
}

function howMany(sources: readonly VideoSource[]): number {
  const mean = lengthOf(sources) / Math.max(1, sources.length);
  return Math.min(most, Math.max(fewest, Math.round(measuredSeconds / Math.max(mean, 1e-3))));
}

function extrapolate(
  summary: MineSummary['signals'][string]['summary'],
  share: number,
): { readonly samples: number; readonly bytes: number } {
  return { samples: Math.round(share * (summary?.samples ?? 0)), bytes: Math.round(share * (summary?.bytes ?? 0)) };
}

function lengthOf(sources: readonly VideoSource[]): number {
  return sources.reduce((sum, { video }) => sum + video.durationSeconds, 0);
}

function shotsOf(sources: readonly VideoSource[]): number {
  return sources.reduce((sum, { shots }) => sum + shots.length, 0);
}
