import {
  checkFields,
  createRandom,
  type AnyFields,
  type Box,
  type MinedUnit,
  type RejectionCode,
  type RejectionExample,
  type Sample,
  type SampleSpec,
  type Shot,
  type TimeSpan,
  type View,
} from '../core/index.js';
import type { OpenVideo } from '../ingest/index.js';
import type { AnyMiner, MineContext, MinedSample } from './define-miner.js';

/** A signal to mine: the name of its dataset, its miner, and the miner's checked configuration. */
export interface MiningSignal {
  readonly name: string;
  readonly miner: AnyMiner;
  readonly config: unknown;
}

/** A unit of work by name. */
export interface UnitId {
  readonly shot: number;
  readonly signal: string;
}

/** A finished unit and the signal it is of. */
export interface SignalUnit {
  readonly signal: string;
  readonly unit: MinedUnit;
}

/** What to mine of a video, and when to end. */
export interface MineVideoOptions {
  readonly signals: readonly MiningSignal[];
  /** The units that are asked for; the others are passed over. */
  readonly units: readonly UnitId[];
  readonly seed: number;
  /** Once aborted, the unit in hand is finished and no further one begun. */
  readonly stop: AbortSignal;
  /** Once aborted, the unit in hand is given up. */
  readonly signal: AbortSignal;
}

const keptExamples = 4;
const surveyFrames = 12;

/**
 * The views of several signals in one map, each named `<signal>/<view>`: what a video is opened with to serve them all
 * from one decoding.
 */
export function unitedViews(signals: readonly MiningSignal[]): Readonly<Record<string, View>> {
  const views: Record<string, View> = {};
  for (const { name, miner, config } of signals) {
    const own = miner.views(config);
    for (const [view, value] of Object.entries(own)) views[`${name}/${view}`] = value;
  }
  return views;
}

/**
 * Mines one open video, unit by unit: shot after shot, and within a shot signal after signal. A unit is mined only when
 * it is pulled, so whoever writes units slowly slows mining. The same units come whatever else is asked for.
 *
 * @param video opened with `unitedViews(signals)`; stays open.
 * @throws TypeError if a miner gives fields that are not its spec's, MediaError when decoding breaks off.
 */
export async function* mineVideo(video: OpenVideo, options: MineVideoOptions): AsyncGenerator<SignalUnit> {
  const { signals, units, seed, stop, signal } = options;
  const wanted = new Set(units.map((unit) => `${unit.shot}/${unit.signal}`));
  const facts = new Map<string, unknown>();
  for (const shot of video.source.shots) {
    for (const entry of signals) {
      if (!wanted.has(`${shot.index}/${entry.name}`)) continue;
      if (stop.aborted || signal.aborted) return;
      const own = scopedVideo(video, entry.name);
      if (!facts.has(entry.name)) facts.set(entry.name, await survey(own, entry));
      const random = createRandom(seed).fork(entry.name, video.source.id, shot.index);
      const sourceRandom = createRandom(seed).fork(entry.name, video.source.id);
      const unit = await mineUnit(own, shot, entry, { facts: facts.get(entry.name), random, sourceRandom, signal });
      if (unit) yield { signal: entry.name, unit };
    }
  }
}

/** The video as one signal knows it: views under the names that its miner gave them. */
function scopedVideo(video: OpenVideo, signal: string): OpenVideo {
  return {
    source: video.source,
    frames: (shot, view) => video.frames(shot, `${signal}/${view}`),
    framesAt: (pts, view) => video.framesAt(pts, `${signal}/${view}`),
    audio: (span, sampleRateHz) => video.audio(span, sampleRateHz),
    sound: (fromSeconds, sampleRateHz) => video.sound(fromSeconds, sampleRateHz),
    close: () => Promise.resolve(), // belongs to whoever opened it
  };
}

async function survey(video: OpenVideo, { name, miner, config }: MiningSignal): Promise<unknown> {
  if (!miner.surveySource) return undefined;
  let asked = 0;
  const frugal: OpenVideo = {
    ...video,
    framesAt: async (pts, view) => {
      asked += pts.length;
      if (asked > surveyFrames)
        throw new RangeError(`${name} may look at ${surveyFrames} frames to survey, asked for ${asked}.`);
      return video.framesAt(pts, view);
    },
  };
  const found = (await miner.surveySource(frugal, config)) as unknown;
  return Object.freeze(found);
}

async function mineUnit(
  video: OpenVideo,
  shot: Shot,
  { name, miner, config }: MiningSignal,
  { facts, random, sourceRandom, signal }: Omit<MineContext<unknown>, 'reject'>,
): Promise<MinedUnit | null> {
  const rejections = new RejectionTally();
  const samples: Sample[] = [];
  const context: MineContext<unknown> = {
    facts,
    random,
    sourceRandom,
    signal,
    reject: (code, span, box) => rejections.add(code, span, box),
  };
  const spec = miner.sample as SampleSpec;
  const mined = miner.mineShot(video, shot, config, context) as AsyncIterable<MinedSample<SampleSpec>>;
  for await (const { span, pts, fields } of mined) {
    if (signal.aborted) return null;
    const key = `${video.source.id}/${shot.index}/${samples.length}`;
    checkMined(name, key, spec, fields);
    samples.push({
      key,
      fields,
      provenance: {
        source: video.source.id,
        shot: shot.index,
        pts: pts ?? [span.startPts, span.endPts],
        timeBase: video.source.video.timeBase,
      },
    });
  }
  if (signal.aborted) return null; // the miner may have ended early
  return { source: video.source.id, shot: shot.index, samples, rejections: rejections.toRejections() };
}

function checkMined(signal: string, key: string, spec: SampleSpec, fields: AnyFields): void {
  try {
    checkFields(spec, fields);
  } catch (cause) {
    throw new TypeError(`${signal} gave a sample ${key} that is not of its spec: ${(cause as Error).message}`, {
      cause,
    });
  }
}

class RejectionTally {
  readonly #codes = new Map<string, { count: number; examples: RejectionExample[] }>();

  add(code: RejectionCode, span: TimeSpan, box?: Box): void {
    const entry = this.#codes.get(code) ?? { count: 0, examples: [] };
    entry.count++;
    if (entry.examples.length < keptExamples) {
      const { startPts, endPts } = span;
      entry.examples.push(box ? { span: { startPts, endPts }, box } : { span: { startPts, endPts } });
    }
    this.#codes.set(code, entry);
  }

  toRejections(): MinedUnit['rejections'] {
    return Object.fromEntries([...this.#codes].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
