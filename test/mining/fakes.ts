import type {
  DatasetStage,
  DatasetSummary,
  Frame,
  MinedUnit,
  Sample,
  SampleSink,
  Shot,
  VideoSource,
  View,
} from '../../src/core/index.js';
import { canonicalJson, createRandom, ptsToSeconds, sha256 } from '../../src/core/index.js';
import { createFramePicker } from '../../src/ingest/decoders/frame-picker.js';
import type { OpenVideo } from '../../src/ingest/index.js';
import { resizeRgb, toLuma } from '../../src/vision/index.js';

/** A video in memory: what its frames show, and where its cuts are. */
export interface Reel {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly frames: number;
  /** First frames of the shots after the first. */
  readonly cuts?: readonly number[];
  readonly frame: (i: number) => Uint8Array;
  readonly source?: Partial<VideoSource>;
  /** Its sound, float32 mono, at a rate; the source has to say that it has one. */
  readonly sound?: (sampleRateHz: number) => Float32Array;
  /** Views of it stay in memory: for what is shown many times. */
  readonly keepsViews?: true;
}

/** Time base of the reels: 25 and 30 fps both fall on whole ticks. */
export const timeBase = [1, 600] as const;

export function ticksPerFrame(fps: number): number {
  return 600 / fps;
}

/** The manifest line of a reel. */
export function sourceOf({ id, width, height, fps, frames, cuts = [], source = {} }: Reel): VideoSource {
  const tick = ticksPerFrame(fps);
  const starts = [0, ...cuts];
  return {
    schema: 1,
    id,
    kind: 'synthetic',
    paths: [`${id}.reel`],
    bytes: 1,
    sha256: sha256(id),
    container: 'memory',
    video: {
      index: 0,
      codec: 'raw',
      pixelFormat: 'rgb24',
      codedWidth: width,
      codedHeight: height,
      width,
      height,
      rotation: 0,
      sampleAspect: [1, 1],
      timeBase,
      startPts: 0,
      endPts: frames * tick,
      durationSeconds: ptsToSeconds(frames * tick, timeBase),
      frames,
      averageRate: fps,
      variableRate: false,
      interlaced: false,
      colorRange: 'full',
    },
    audio: null,
    shots:
      frames === 0
        ? [{ index: 0, startPts: 0, endPts: 0, crop: null }]
        : starts.map((start, index) => ({
            index,
            startPts: start * tick,
            endPts: (starts[index + 1] ?? frames) * tick,
            crop: null,
          })),
    motion: 1,
    still: 0,
    perceptualHash: '0',
    licence: null,
    origin: null,
    benchmarks: {},
    ...source,
  };
}

/** An open reel that counts what is read and what is still held. */
export interface FakeVideo extends OpenVideo {
  readonly log: { opened: number; ended: number; frames: number };
}

export function openReel(reel: Reel, views: Readonly<Record<string, View>>): FakeVideo {
  const source = sourceOf(reel);
  const tick = ticksPerFrame(reel.fps);
  const log = { opened: 0, ended: 0, frames: 0 };
  const show = (i: number, name: string): Frame => {
    const view = views[name];
    if (!view) throw new Error(`There is no view ${name}.`);
    return { ...fit(reel, i, view), pts: i * tick };
  };
  return {
    source,
    log,
    async *frames(shot: Shot, view: string) {
      log.opened++;
      try {
        const picker = createFramePicker(views[view]?.fps ?? null, shot, timeBase);
        for (let i = Math.round(shot.startPts / tick); i * tick < shot.endPts; i++) {
          const next = (i + 1) * tick;
          if (!picker.takes(i * tick, next < shot.endPts ? next : null, next)) continue;
          log.frames++;
          yield show(i, view);
        }
      } finally {
        log.ended++;
      }
    },
    framesAt: async (pts, view) => pts.map((at) => show(Math.floor(at / tick), view)),
    audio: async () => null,
    async *sound(fromSeconds, sampleRateHz) {
      const whole = reel.sound?.(sampleRateHz) ?? new Float32Array();
      const block = 4321;
      const first = Math.max(0, Math.floor((fromSeconds * sampleRateHz) / block)) * block;
      for (let at = first; at < whole.length; at += block)
        yield { seconds: at / sampleRateHz, channels: [whole.slice(at, at + block)] };
    },
    close: async () => {},
  };
}

function fit(reel: Reel, i: number, view: View): { data: Uint8Array; width: number; height: number } {
  const most = view.neverEnlarges ? 1 : Infinity;
  const scale = Math.min(view.width / reel.width, view.height / reel.height, most);
  const contained = view.fit === 'contain';
  const width = contained ? Math.round(reel.width * scale) : view.width;
  const height = contained ? Math.round(reel.height * scale) : view.height;
  const known = fitted.get(reel) ?? new Map<string, Uint8Array>();
  fitted.set(reel, known);
  const key = `${i} ${width}×${height}×${view.channels}`;
  let data = known.get(key);
  if (!data) {
    const rgb = resizeRgb(reel.frame(i), reel.width, reel.height, width, height);
    data = view.channels === 1 ? toLuma(rgb) : rgb;
    if (reel.keepsViews) known.set(key, data);
  }
  return { data: data.slice(), width, height };
}

const fitted = new WeakMap<Reel, Map<string, Uint8Array>>();

/** A sink in memory: what the store does, without a disk. */
export interface MemorySink extends SampleSink {
  readonly units: ReadonlyMap<string, MinedUnit>;
  readonly finished: readonly (DatasetStage | null)[];
  readonly digest: string;
}

export function memorySink({ writeDelayMs = 0 } = {}): MemorySink {
  const units = new Map<string, MinedUnit>();
  const finished: (DatasetStage | null)[] = [];
  const samples = (): Sample[] =>
    [...units.values()].flatMap((unit) => unit.samples).sort((a, b) => (a.key < b.key ? -1 : 1));
  return {
    units,
    finished,
    get digest() {
      return digestOf(samples());
    },
    hasUnit: (source, shot) => units.has(`${source}/${shot}`),
    async writeUnit(unit) {
      await new Promise((resolve) => setTimeout(resolve, writeDelayMs));
      units.set(`${unit.source}/${unit.shot}`, unit);
    },
    async *samples() {
      yield* samples();
    },
    async finish(stage) {
      finished.push(stage);
      const summary: DatasetSummary = {
        digest: digestOf(samples()),
        samples: samples().length,
        sources: new Set([...units.values()].map((unit) => unit.source)).size,
        units: units.size,
        bytes: 0,
        rejections: {},
      };
      return summary;
    },
    close: async () => {},
  };
}

/** One hash over samples: equal only if every byte of them is. */
export function digestOf(samples: readonly Sample[]): string {
  return sha256(
    samples
      .map((sample) => canonicalJson(sample.key) + sha256(JSON.stringify(sample, plain)))
      .sort()
      .join('\n'),
  );
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (ArrayBuffer.isView(value)) {
    return sha256(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  return value;
}

/** What a `movingReel` shows. */
export interface MovingReelOptions {
  readonly frames?: number;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly cuts?: readonly number[];
  /** Pixels to the right that the picture has moved at frame i. */
  readonly at?: (i: number) => number;
  /** Brightness at frame i. */
  readonly gain?: (i: number) => number;
  readonly source?: Partial<VideoSource>;
}

/** A smooth texture that moves: flow can see it, and no two places look the same. */
export function movingReel(
  id: string,
  {
    frames = 150,
    width = 96,
    height = 72,
    fps = 25,
    cuts = [],
    at = (i) => 1.5 * i,
    gain = () => 1,
    source = {},
  }: MovingReelOptions = {},
): Reel {
  const made = new Map<number, Uint8Array>();
  const frame = (i: number): Uint8Array => {
    const known = made.get(i) ?? paint(width, height, at(i) + 1000 * cuts.filter((cut) => cut <= i).length, gain(i));
    made.set(i, known);
    return known.slice();
  };
  return { id, width, height, fps, frames, cuts, frame, source };
}

/** Three waves a channel: amplitude, cycles along x and y, phase by channel. */
const waves = [
  [50, 0.11, 0.05, 1],
  [40, 0.037, -0.13, 2],
  [30, 0.23, 0.19, 0],
] as const;

function paint(width: number, height: number, shift: number, gain: number): Uint8Array {
  const along = waves.map(([amplitude, kx]) =>
    Array.from(
      { length: width },
      (_, x) => [amplitude * Math.sin(kx * (x + shift)), amplitude * Math.cos(kx * (x + shift))] as const,
    ),
  );
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let c = 0; c < 3; c++) {
      const down = waves.map(
        ([, , ky, phase]) => [Math.cos(ky * y + phase * c), Math.sin(ky * y + phase * c)] as const,
      );
      for (let x = 0; x < width; x++) {
        let value = 128;
        for (let w = 0; w < 3; w++) value += along[w]![x]![0] * down[w]![0] + along[w]![x]![1] * down[w]![1];
        out[3 * (y * width + x) + c] = gain * value;
      }
    }
  }
  return out;
}

/**
 * A patch of texture that moves to and fro and changes its look over a backdrop of dots: something moves by itself, and can be
 * followed.
 */
export function patchReel(id: string, { frames = 240, cuts = [] as readonly number[] } = {}): Reel {
  const [width, height, side] = [112, 84, 46];
  const swing = (way: number, room: number): number => Math.abs((way % (2 * room)) - room); // at an even pace
  const looks = [1, 2].map((seed) => {
    const random = createRandom(seed);
    return Array.from({ length: side * side }, () => random.int(230));
  });
  const frame = (i: number): Uint8Array => {
    const take = cuts.filter((cut) => cut <= i).length;
    const out = new Uint8Array(width * height * 3).fill(96);
    for (let n = 0; n < 54; n++) {
      const [x, y] = [12 * (n % 9) + ((5 * n + 3 * take) % 7), 12 * Math.floor(n / 9) + ((7 * n + take) % 7)];
      for (let row = y; row < y + 4; row++)
        out.fill(n % 2 === 0 ? 200 : 30, 3 * (row * width + x), 3 * (row * width + x + 4));
    }
    const age = i - (cuts[take - 1] ?? 0);
    const [left, top] = [swing(age, width - side), 10 + Math.round(swing(age, 40) / 4)];
    const blend = 0.5 - 0.5 * Math.cos(age / 25);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const block = Math.floor(y / 9) * side + Math.floor(x / 9);
        const at = 3 * ((top + y) * width + left + x);
        for (let c = 0; c < 3; c++) out[at + c] = looks[0]![block]! * blend + looks[1]![block]! * (1 - blend) + 8 * c;
      }
    }
    return out;
  };
  const audio = {
    index: 1,
    codec: 'raw',
    sampleRateHz: 20_000,
    channels: 1,
    startSeconds: 0,
    durationSeconds: frames / 25,
  };
  const sound = (sampleRateHz: number): Float32Array => {
    const random = createRandom(3);
    return Float32Array.from({ length: Math.round((frames / 25) * sampleRateHz) }, () => 0.4 * (random.float() - 0.5));
  };
  return { id, width, height, fps: 25, frames, cuts, frame, keepsViews: true, sound, source: { audio } };
}
