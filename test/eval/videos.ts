import { secondsToPts, type VideoSource } from '../../src/core/index.js';
import type { EvaluationData } from '../../src/eval/index.js';
import type { OpenVideo } from '../../src/ingest/index.js';

/** A labelled video that exists only as a function of time. */
export interface MadeVideo {
  readonly name: string;
  readonly label: number;
  readonly group: string;
  readonly role: 'train' | 'test';
  readonly seconds?: number;
  readonly fps?: number;
  /** uint8 [size, size, 3] at a time in seconds. */
  readonly picture: (seconds: number, size: number) => Uint8Array;
}

/** Evaluation data over made videos, all of the benchmark `made`; `asked` counts the videos that were opened. */
export function makeData(
  videos: readonly MadeVideo[],
  { absent = 0 }: { absent?: number } = {},
): EvaluationData & { readonly asked: { opened: number; closed: number } } {
  const asked = { opened: 0, closed: 0 };
  const bySource = new Map(videos.map((video) => [video.name, video]));
  return {
    benchmark: 'made',
    sources: videos.map(makeSource),
    classNames: ['a', 'b', 'c'],
    absent,
    asked,
    async open(source, views): Promise<OpenVideo> {
      asked.opened++;
      const video = bySource.get(source.id)!;
      const { width } = views['pictures']!;
      return {
        source,
        frames: () => {
          throw new Error('Only single frames are read.');
        },
        framesAt: async (pts) =>
          pts.map((at) => ({
            data: video.picture((at * source.video.timeBase[0]) / source.video.timeBase[1], width),
            width,
            height: width,
            pts: at,
          })),
        audio: async () => null,
        async *sound() {},
        close: async () => {
          asked.closed++;
        },
      };
    },
  };
}

function makeSource({ name, label, group, role, seconds = 2, fps = 25 }: MadeVideo): VideoSource {
  const timeBase = [1, fps] as const;
  return {
    schema: 1,
    id: name,
    kind: 'synthetic',
    paths: [name],
    bytes: 0,
    sha256: '',
    container: 'none',
    video: {
      index: 0,
      codec: 'none',
      pixelFormat: 'rgb24',
      codedWidth: 8,
      codedHeight: 8,
      width: 8,
      height: 8,
      rotation: 0,
      sampleAspect: [1, 1],
      timeBase,
      startPts: 0,
      endPts: secondsToPts(seconds, timeBase),
      durationSeconds: seconds,
      frames: seconds * fps,
      averageRate: fps,
      variableRate: false,
      interlaced: false,
      colorRange: 'full',
    },
    audio: null,
    shots: [{ index: 0, startPts: 0, endPts: secondsToPts(seconds, timeBase), crop: null }],
    motion: 1,
    still: 0,
    perceptualHash: '',
    licence: null,
    origin: null,
    benchmarks: { made: [{ key: `${label}/${name}`, label, className: 'abc'[label]!, group, roles: [role] }] },
  };
}
