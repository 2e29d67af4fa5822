import type { Frame, Shot, VideoSource } from '../../core/index.js';
import { defineMiner, type MineContext } from '../define-miner.js';
import { stereoPairsConfig, type StereoPairsConfig } from './config.js';
import { isFlat, isStereo, scoreHalves } from './detect.js';
import { disparityEstimator } from './estimate.js';
import { drawPair } from './gallery.js';
import { arrangementOf, lumaOf, scaleTo, type Picture } from './layout.js';
import { examinePair, takeEyes } from './pair.js';
import { keepPair, recordPairs, type KeptPair } from './record.js';
import { stereoPairsSample } from './sample.js';
import { meanDifference, surveyStereo, type StereoFacts, type StereoSurvey } from './survey.js';
import { ShotWatch } from './watch.js';

/** Both eyes of 3D films, checked and unpacked; see README.md beside this file. */
export default defineMiner({
  name: 'stereo-pairs',
  version: 2,
  sample: stereoPairsSample,
  config: stereoPairsConfig,
  views: ({ pairsPerSecond }) => ({
    // Three times as many as are taken, so that where a video's pairs begin can be drawn.
    // Display size: eyes are scaled after they are split, so that nothing crosses the seam.
    packed: {
      width: 8192,
      height: 8192,
      fit: 'contain',
      fps: 3 * pairsPerSecond,
      channels: 3,
      readOnce: true,
      neverEnlarges: true,
    },
    watch: { width: 640, height: 640, fit: 'contain', fps: null, channels: 1, readOnce: true, neverEnlarges: true },
  }),
  surveySource: surveyStereo,
  async *mineShot(video, shot, config, context) {
    const span = { startPts: shot.startPts, endPts: shot.endPts };
    if (!context.facts.facts) {
      if (shot.endPts > shot.startPts) context.reject(context.facts.refusal, span);
      return;
    }
    const scan = new ShotScan(video.source, shot, config, { ...context, facts: context.facts.facts });
    const packed = video.frames(shot, 'packed')[Symbol.asyncIterator]();
    const next = async (): Promise<Frame | null> => {
      const { done, value } = (await packed.next()) as IteratorResult<Frame, undefined>;
      return done ? null : value;
    };
    try {
      let frame = await next();
      for await (const small of video.frames(shot, 'watch')) {
        if (context.signal.aborted) return;
        while (frame && frame.pts < small.pts) frame = await next();
        await scan.add(small, frame?.pts === small.pts ? frame : null);
      }
      await scan.end();
    } finally {
      await packed.return?.();
    }
    const { kept, facts } = scan;
    const samples = await recordPairs(kept, scan.ignored(), { source: video.source, facts, config });
    if (samples.length < kept.length) context.reject('logo', span);
    yield* samples;
  },
  estimate: [disparityEstimator],
  draw: drawPair,
});

type ScanContext = Pick<MineContext<StereoSurvey>, 'random' | 'reject'> & { readonly facts: StereoFacts };

/** One shot, frame by frame: which pairs are taken, and what is wrong with the others. */
class ShotScan {
  readonly facts: StereoFacts;
  readonly #kept: KeptPair[] = [];
  readonly #watch: ShotWatch | null;
  readonly #config: StereoPairsConfig;
  readonly #context: ScanContext;
  readonly #shot: Shot;
  readonly #from: number;
  readonly #to: number;
  readonly #interval: number;
  #due: number;
  #pending: Frame | null = null;
  #before: Uint8Array | null = null;
  #looked = 0;
  #stereo = 0;
  #flat = 0;

  constructor(source: VideoSource, shot: Shot, config: StereoPairsConfig, context: ScanContext) {
    const { timeBase, durationSeconds, startPts, endPts } = source.video;
    const ticks = (seconds: number): number => (seconds * timeBase[1]) / timeBase[0];
    this.facts = context.facts;
    this.#config = config;
    this.#context = context;
    this.#shot = shot;
    const arrangement = arrangementOf(this.facts.layout);
    this.#watch =
      arrangement === 'sbs' || arrangement === 'tb'
        ? new ShotWatch(arrangement, this.facts.eyeOrder === 'left-first')
        : null;
    const margin = ticks(config.cutMargin);
    this.#from = shot.startPts <= startPts ? shot.startPts : shot.startPts + margin;
    this.#to = shot.endPts >= endPts ? shot.endPts : shot.endPts - margin;
    const budget = Math.max(config.leastBudget, (config.pairsPerHour * durationSeconds) / 3600);
    this.#interval = ticks(Math.max(1 / config.pairsPerSecond, durationSeconds / budget));
    this.#due =
      this.#from + context.random.fork('phase').float() * Math.min(this.#interval, (this.#to - this.#from) / 2);
  }

  /** The next frame, small, and as it is if it is one that may be taken. */
  async add(small: Frame, packed: Frame | null): Promise<void> {
    const { data, width, height } = small;
    this.#watch?.add({ data, width, height, channels: 1 });
    await this.#finish(false);
    if (packed && packed.pts >= this.#due && packed.pts < this.#to) {
      this.#due = packed.pts + 0.99 * this.#interval; // times are rounded to ticks
      this.#pending = packed;
    }
  }

  async end(): Promise<void> {
    await this.#finish(true);
    const { agreeing } = this.#config;
    const span = { startPts: this.#shot.startPts, endPts: this.#shot.endPts };
    if (this.#looked === 0 || this.#stereo >= agreeing * this.#looked) {
      if (this.#stereo === 0 || this.#flat < this.#stereo) return;
      this.#context.reject('flat', span);
    } else this.#context.reject('shot-not-stereo', span);
    this.#kept.length = 0;
  }

  get kept(): readonly KeptPair[] {
    return this.#kept;
  }

  ignored() {
    return this.#watch?.ignored() ?? null;
  }

  async #finish(isLast: boolean): Promise<void> {
    const frame = this.#pending;
    if (!frame) return;
    this.#pending = null;
    const config = this.#config;
    const { reject } = this.#context;
    const span = { startPts: frame.pts, endPts: Math.min(frame.pts + 1, this.#shot.endPts) };
    const picture: Picture = { data: frame.data, width: frame.width, height: frame.height, channels: 3 };
    const arrangement = arrangementOf(this.facts.layout);
    if (arrangement === 'sbs' || arrangement === 'tb') {
      const score = scoreHalves(picture, arrangement, this.facts.crop);
      this.#looked++;
      if (this.facts.layout === 'pair' || isStereo(score)) {
        this.#stereo++;
        if (isFlat(score)) this.#flat++;
      }
    }
    const tiny = scaleTo(lumaOf(picture), 64, 64).data;
    const isStill = this.#before && meanDifference(this.#before, tiny) < config.stillDifference;
    const sync = isStill ? null : this.#watch?.score(isLast);
    const isLate = sync && sync.other > sync.same + config.syncMargin;
    const pair = isStill
      ? 'still'
      : isLate
        ? 'eye-desync'
        : examinePair(takeEyes(picture, this.facts, config), this.facts, config);
    if (typeof pair === 'string') {
      reject(pair, span);
      return;
    }
    this.#before = tiny;
    this.#kept.push(await keepPair(pair, span, config));
  }
}
