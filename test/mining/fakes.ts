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
import { canonicalJson, ptsToSeconds, sha256 } from '../../src/core/index.js';
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
        for (let i = Math.round(shot.startPts / tick); i * tick < shot.endPts; i++) {
          log.frames++;
          yield show(i, view);
        }
      } finally {
        log.ended++;
      }
    },
    framesAt: async (pts, view) => pts.map((at) => show(Math.floor(at / tick), view)),
    audio: async () => null,
    close: async () => {},
  };
}

function fit(reel: Reel, i: number, view: View): { data: Uint8Array; width: number; height: number } {
  const scale = Math.min(view.width / reel.width, view.height / reel.height);
  const contained = view.fit === 'contain';
  const width = contained ? Math.round(reel.width * scale) : view.width;
  const height = contained ? Math.round(reel.height * scale) : view.height;
  const rgb = resizeRgb(reel.frame(i), reel.width, reel.height, width, height);
  return { data: view.channels === 1 ? toLuma(rgb) : rgb, width, height };
}

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
