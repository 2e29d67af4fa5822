import { mkdtempSync, rmSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runJob, scratchFolder, sha256 } from '../core/index.js';
import {
  assertVideos,
  chooseCandidates,
  corpusFiles,
  expandSources,
  ingest,
  openMedia,
  placesOf,
  readCorpus,
  selectDecoder,
  stampOf,
  writeDescription,
  type Chosen,
  type Decoder,
  type ExpandedSources,
  type IngestConfig,
} from '../ingest/index.js';
import { secondsFor } from './plan-mining.js';

type Candidate = ExpandedSources['candidates'][number];

/** What `ingest` would do, from what headers say of all videos and from a few that are really ingested into a scratch folder. */
export interface IngestPlan {
  readonly files: number;
  /** Of the media. */
  readonly bytes: number;
  readonly ignored: number;
  readonly absent: number;
  /** Videos that were ingested to measure; 0 if nothing is there to be measured yet, such as addresses. */
  readonly measured: number;
  readonly estimate: {
    readonly seconds: number;
    /** Of the corpus's own files. */
    readonly bytes: number;
    /** Videos that would be in the corpus, and in its ledger. */
    readonly sources: number;
    readonly failed: number;
    readonly shots: number;
    readonly videoSeconds: number;
  };
}

/** What a plan is asked for. */
export interface PlanIngestOptions extends Chosen {
  readonly sources: readonly string[];
  readonly config: IngestConfig;
  readonly decoder?: string;
  readonly workers: number;
  /** How many videos to measure; default: 8 to 32, about a hundredth, and 32 where they are short. */
  readonly measured?: number;
}

const [fewest, most] = [8, 32];
/** A shorter trial tells little: as many videos as may be are measured then. */
const trialSeconds = 3;
/** Headers are read of so many files; of more, the rest is taken to be like these. */
const mostHeaders = 2000;
/** Videos of an archive that are unpacked. */
const mostUnpacked = 64;
/** What a video costs before its first frame, as pixels to decode. */
const startPixels = 5e6;
/** What looking at a frame costs besides decoding it, whatever its size, as pixels to decode. */
const framePixels = 1e5;

interface Weighed {
  readonly candidate: Candidate;
  /** Pixels to decode, by the header; what cannot be opened costs hardly anything. */
  readonly weight: number;
}

/**
 * Measures `ingest` on a few videos of all lengths and extrapolates by the pixels that headers promise: time, bytes and yield. What processes
 * take to start, and until their code is compiled, is measured on a quarter of the videos and not multiplied. Nothing is written to the corpus.
 *
 * @throws ConfigError for sources or settings, PipelineError `no-videos` without any.
 */
export async function planIngest(options: PlanIngestOptions): Promise<IngestPlan> {
  const scratch = mkdtempSync(join(scratchFolder(), 'reelmine-plan-'));
  try {
    const { decoder } = await selectDecoder(options.decoder ?? 'auto');
    const expanded = await expandSources(options.sources, join(scratch, 'trial'), { mostUnpacked });
    assertVideos(options, expanded);
    const candidates = chooseCandidates(expanded.candidates, options);
    const all = await weigh(
      candidates.filter((candidate) => !candidate.fetch),
      decoder,
    );
    const there = all.filter(({ candidate }) => candidate.packedBytes === undefined);
    const attempt = async (name: string, some: readonly Weighed[]) => {
      const corpus = join(scratch, name);
      const started = performance.now();
      const { counts } = await runJob(
        ingest({
          sources: [],
          // The heaviest first, so that no process waits for long for another at the end.
          candidates: some.toSorted((a, b) => b.weight - a.weight).map(({ candidate }) => candidate),
          corpus,
          config: { ...options.config, maxFailureShare: 1 },
          decoder: decoder.name,
          workers: options.workers,
          seed: 1,
          now: () => new Date(),
        }),
      );
      return { corpus, counts, weight: total(some), seconds: (performance.now() - started) / 1000 };
    };
    let chosen = spread(there, options.measured ?? Math.min(most, Math.max(fewest, Math.round(all.length / 100))));
    const measurements = [];
    let trial: Awaited<ReturnType<typeof attempt>> | null = null;
    if (chosen.length > 1) measurements.push(await attempt('small', spread(chosen, Math.ceil(chosen.length / 4))));
    if (chosen.length > 0) measurements.push((trial = await attempt('trial', chosen)));
    if (trial && trial.seconds < trialSeconds && options.measured === undefined && chosen.length < there.length) {
      chosen = spread(there, most);
      measurements.push((trial = await attempt('larger', chosen)));
    }
    const corpus = trial && trial.counts.done > 0 ? await readCorpus(trial.corpus) : null;
    const found = corpus?.sources ?? [];
    const ratio = chosen.length > 0 ? total(all) / total(chosen) : 0;
    const share = chosen.length > 0 ? candidates.length / chosen.length : 0;
    return {
      files: candidates.length,
      bytes: bytesOf(candidates),
      ignored: expanded.ignored,
      absent: expanded.absent,
      measured: chosen.length,
      estimate: {
        seconds: secondsFor(
          total(all),
          measurements.map(({ weight, seconds }) => ({ length: weight, seconds })),
        ),
        bytes: Math.round(share * (corpus && trial ? corpusBytes(trial.corpus) : 0)),
        sources: Math.round(share * found.length),
        failed: Math.round(share * (trial?.counts.failed ?? 0)) + (expanded.failures?.length ?? 0),
        shots: Math.round(ratio * found.reduce((sum, { shots }) => sum + shots.length, 0)),
        videoSeconds: ratio * found.reduce((sum, { video }) => sum + video.durationSeconds, 0),
      },
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Videos and what headers promise of them; where there are too many, those whose paths' hashes are lowest stand for all. What is still
 * packed weighs as much for each of its bytes as the others do.
 */
async function weigh(candidates: readonly Candidate[], decoder: Decoder): Promise<readonly Weighed[]> {
  const there = candidates.filter(({ packedBytes }) => packedBytes === undefined);
  const hashed = there.map((candidate) => ({ candidate, hash: sha256(candidate.key) }));
  const opened = new Map<Candidate, number>();
  for (const { candidate } of hashed.toSorted((a, b) => (a.hash < b.hash ? -1 : 1)).slice(0, mostHeaders))
    opened.set(candidate, await promisedPixels(candidate, decoder));
  const weight = [...opened.values()].reduce((sum, each) => sum + each, 0);
  const mean = weight / Math.max(1, opened.size);
  const perByte = weight / Math.max(1, bytesOf([...opened.keys()]));
  const guess = ({ packedBytes }: Candidate) => (packedBytes === undefined ? mean : packedBytes * perByte);
  return candidates.map((candidate) => ({ candidate, weight: opened.get(candidate) ?? guess(candidate) }));
}

/** Of the media, each file once, however many stretches of it there are; what is yet to be fetched or made has none. */
function bytesOf(candidates: readonly Candidate[]): number {
  const packed = candidates.reduce((sum, { packedBytes = 0 }) => sum + packedBytes, 0);
  const places = new Set(candidates.filter(({ packedBytes }) => packedBytes === undefined).flatMap(placesOf));
  return [...places].reduce((sum, place) => sum + (stampOf(place)?.bytes ?? 0), packed);
}

async function promisedPixels({ path, rate, described }: Candidate, decoder: Decoder): Promise<number> {
  try {
    if (described) writeDescription(described, path); // into the scratch folder
    const { session } = await openMedia(path, { decoder, rate });
    try {
      const { codedWidth, codedHeight, durationSeconds, averageRate, frames } = session.media.video;
      const promised = frames > 0 ? frames : durationSeconds * (averageRate > 0 ? averageRate : 25);
      return startPixels + (framePixels + codedWidth * codedHeight) * promised;
    } finally {
      await session.close();
    }
  } catch {
    return startPixels; // the run itself says why it cannot be opened
  }
}

/** The middles of as many strata of weight; of equals by the hash of their paths. */
function spread(all: readonly Weighed[], count: number): readonly Weighed[] {
  if (all.length <= count) return all;
  const ranked = all
    .map((it) => ({ it, hash: sha256(it.candidate.key) }))
    .sort((a, b) => a.it.weight - b.it.weight || (a.hash < b.hash ? -1 : 1));
  return Array.from({ length: count }, (_, i) => ranked[Math.floor(((i + 0.5) * ranked.length) / count)]!.it);
}

function total(items: readonly Weighed[]): number {
  return items.reduce((sum, { weight }) => sum + weight, 0);
}

/** Bytes of the files that a corpus has of its own. */
function corpusBytes(dir: string): number {
  const own = new Set<string>(Object.values(corpusFiles));
  return readdirSync(dir)
    .filter((name) => own.has(name))
    .reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
}
