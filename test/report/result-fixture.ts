import type { Metric, MetricCurve } from '../../src/core/index.js';
import { encodePictures, type PredictionsReport, type ResultReport } from '../../src/report/index.js';
import { discPictures, drawDisc } from './fixture.js';

/** A share of 48 test videos. */
export function share(name: string, value: number, interval?: readonly [number, number], split = 'ucf101 1'): Metric {
  return {
    name,
    value,
    unit: 'fraction',
    direction: 'higher',
    examples: 48,
    split,
    ...(interval ? { interval } : {}),
  };
}

const classNames = ['Archery', 'BlowingCandles', 'HandstandPushups', 'PlayingViolin', 'Rafting', 'Skijet'];

/** Action recognition with its controls; `top1` of what was trained, and what it gains. */
export function makeRecognition(subject: string, top1: number, gain: readonly [number, number]): ResultReport {
  const wide = (value: number) => [value - 0.06, value + 0.06] as const;
  const both = (one: number, three: number) => [
    share('top1', one, wide(one)),
    share('top1.threeFrames', three, wide(three)),
  ];
  return {
    protocol: 'action-recognition',
    subject,
    facts: [{ label: 'seeds', value: 3 }],
    metrics: [
      { ...share('top1', top1, wide(top1)), seeds: [top1 - 0.02, top1, top1 + 0.02] },
      share('top1Gain', (gain[0] + gain[1]) / 2, gain),
      share('top1.threeFrames', top1 + 0.01, wide(top1 + 0.01)),
    ],
    rivals: [
      { name: 'untrained', metrics: both(top1 - (gain[0] + gain[1]) / 2, top1 - 0.1) },
      { name: 'colour-histogram', metrics: [share('top1', 0.3, wide(0.3))] },
      { name: 'shuffled-frames', metrics: [share('top1.threeFrames', top1, wide(top1))] },
      { name: 'repeated-frame', metrics: [share('top1.threeFrames', top1 - 0.02, wide(top1 - 0.02))] },
      { name: 'chance', metrics: [share('top1', 1 / 6)] },
    ],
    classes: {
      names: classNames,
      confusion: classNames.map((_, i) => classNames.map((__, j) => (i === j ? 12 + i : (i + 2 * j) % 3))),
      about: 'Every test video is counted 3 times.',
    },
  };
}

/** The mean over three splits. */
export function makeMean(): ResultReport {
  const mean = (value: number, perSplit: readonly number[]) => ({
    ...share('top1', value, undefined, 'ucf101, mean of splits 1, 2, 3'),
    perSplit,
  });
  return {
    protocol: 'action-recognition',
    subject: 'three splits',
    facts: [],
    splits: [1, 2, 3],
    metrics: [mean(0.44, [0.42, 0.47, 0.43])],
    rivals: [{ name: 'untrained', metrics: [mean(0.41, [0.4, 0.4, 0.43])] }],
  };
}

/** Retrieval with a hit, a miss, and a query without pictures. */
export async function makeRetrieval(): Promise<ResultReport> {
  const pictures = await discPictures(['a', 'b', 'c', 'd'], 60, 120);
  const videoOf = (n: number, at: number) => {
    const className = classNames[n % 6]!;
    const picture = pictures[at];
    return { name: `${className}/v_${className}_g0${n}_c01`, className, ...(picture ? { picture } : {}) };
  };
  const nearestOf = (n: number, first: number, count = 6) =>
    Array.from({ length: count }, (_, i) => {
      const other = i + first;
      return { ...videoOf(other, i % 5), cosine: 0.99 - 0.01 * i, isHit: other % 6 === n };
    });
  const query = (n: number, first: number, rank: number | null) => ({
    video: videoOf(n, n),
    rank,
    nearest: nearestOf(n, first, rank === null ? 5 : 6),
  });
  return {
    protocol: 'retrieval',
    subject: 'first',
    facts: [],
    metrics: [share('recallAt1', 0.5, [0.4, 0.6]), share('recallAt1OverChance', -0.1, [-0.2, 0.05])],
    rivals: [
      { name: 'chance', metrics: [share('recallAt1', 0.17)] },
      { name: 'untrained', metrics: [share('recallAt1', 0.48, [0.38, 0.58])] },
    ],
    queries: { total: 48, hits: 24, shown: [query(0, 0, 1), query(1, 2, 6), query(5, 6, null)] },
  };
}

/** Prediction frame by frame, with bands, a best of several and a place beyond which nothing was trained. */
export function makeForecast(subject: string, first: number): ResultReport {
  const kind = { name: 'psnr', variant: 'frame', unit: 'dB', direction: 'higher', split: 'held-out', examples: 48 } as const; // prettier-ignore
  const curve = (of: string | null, from: number, selection?: string): MetricCurve => {
    const values = Array.from({ length: 20 }, (_, t) => from - 0.4 * t);
    return {
      ...{ ...kind, of, values, stepName: 'frame', steps: values.map((__, t) => 5 + t), horizon: 14 },
      intervals: values.map((value) => [value - 0.5, value + 0.5]),
      ...(selection === undefined ? {} : { selection }),
    };
  };
  const metric = (value: number): Metric => ({ ...kind, value, interval: [value - 0.5, value + 0.5] });
  return {
    protocol: 'prediction',
    subject,
    facts: [],
    metrics: [metric(first - 4), { ...metric(first - 3), name: 'psnrBestOf20' }],
    rivals: [{ name: 'copy-last', metrics: [metric(15)] }],
    curves: [curve(null, first), curve(null, first + 1, 'best of 20'), curve('copy-last', 19), curve('linear', 16)],
  };
}

/** Average precision of twenty classes. */
export function makePrecision(): ResultReport {
  const scores = Array.from({ length: 20 }, (_, i) => ({ name: `shape ${i + 1}`, value: 0.9 - 0.04 * i }));
  const mean = { ...share('meanAveragePrecision', 0.52, [0.47, 0.57], 'voc 1'), variant: 'envelope' };
  return {
    protocol: 'voc-classification',
    subject: 'first',
    facts: [],
    metrics: [mean],
    rivals: [{ name: 'chance', metrics: [{ ...mean, value: 0.07 }] }],
    classScores: { what: 'Average precision by eleven points', scores },
  };
}

/** A film of a disc, as a model would have drawn it. */
export async function makePredictions(): Promise<PredictionsReport> {
  const frames = Array.from({ length: 12 }, (_, i) => drawDisc(300, 120, i / 11, 80));
  const clip = { frames, framesPerSecond: 10, width: 300, height: 120, caption: '', alt: 'v_Rafting_g01_c01' };
  const [picture] = await encodePictures([clip], { maxClipWidth: 420 });
  return {
    name: 'svg: futures',
    facts: [{ label: 'steps', value: 10 }],
    videos: [{ title: 'v_Rafting_g01_c01.avi', picture: picture!, facts: [{ label: 'PSNR, dB', value: '24.10' }] }],
    total: 9,
  };
}
