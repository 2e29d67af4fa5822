import type { Rival } from '../core/index.js';

/** Which evaluation figures are to be set beside. */
export interface PublishedQuestion {
  readonly protocol: string;
  readonly config: unknown;
  readonly benchmark: string;
  /** Of a mean over splits, all of them. */
  readonly splits: readonly number[];
  /** Entries of the official list that are not here, and test data that was trained on. */
  readonly absent: number;
  readonly leak: number | null;
}

interface PublishedTable {
  readonly protocol: string;
  /** Settings that must be these. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly benchmark: string;
  readonly splits: readonly number[];
  /** Clips of the test lists. */
  readonly examples: number;
  readonly metrics: readonly string[];
  /** Where the figures stand, and in what that evaluation differs from ours. */
  readonly from: string;
  /** By method: per cent, in the order of `metrics`. */
  readonly rows: Readonly<Record<string, readonly number[]>>;
}

const misra =
  'Misra et al. 2016, README of imisra/shuffle-tuple; CaffeNet at 227 pixels trained on the whole of UCF101, 20,000 updates of 256 pictures, settings chosen in ways that are not told';
const videoTrunks =
  'README of BestJuly/IIC; networks that see clips of 16 frames at 112 pixels, mean over 10 clips of the last convolution, single runs';

const fineTuned = { protocol: 'action-recognition', config: { protocol: 'fine-tune' }, metrics: ['top1'], from: misra };

const tables: readonly PublishedTable[] = [
  { ...fineTuned, benchmark: 'ucf101', splits: [1], examples: 3783, rows: { 'Shuffle and Learn': [50.9] } },
  { ...fineTuned, benchmark: 'ucf101', splits: [1, 2, 3], examples: 11213, rows: { 'Shuffle and Learn': [50.2] } },
  { ...fineTuned, benchmark: 'hmdb51', splits: [1], examples: 1530, rows: { 'Shuffle and Learn': [19.8] } },
  { ...fineTuned, benchmark: 'hmdb51', splits: [1, 2, 3], examples: 4590, rows: { 'Shuffle and Learn': [18.1] } },
  {
    protocol: 'retrieval',
    config: { sampling: 'segment-centre', centring: 'none' },
    benchmark: 'ucf101',
    splits: [1],
    examples: 3783,
    metrics: ['recallAt1', 'recallAt5', 'recallAt10', 'recallAt20', 'recallAt50'],
    from: videoTrunks,
    rows: {
      'R3D, random weights': [9.9, 18.9, 26.0, 35.5, 51.9],
      Jigsaw: [19.7, 28.5, 33.5, 40.0, 49.4],
      OPN: [19.9, 28.7, 34.0, 40.6, 51.6],
      'VCOP, R3D': [14.1, 30.3, 40.4, 51.1, 66.5],
      IIC: [42.4, 60.9, 69.2, 77.1, 86.5],
    },
  },
];

/**
 * Published figures that answer the same question: the same protocol and lists, all clips of them, nothing trained on. What still differs is told with
 * each. None for anything else: figures of a part of a list, of another kind of evaluation or of other splits do not compare.
 */
export function publishedFigures({
  protocol,
  config,
  benchmark,
  splits,
  absent,
  leak,
}: PublishedQuestion): readonly Rival[] {
  if (absent > 0 || leak !== null) return [];
  const settings = config as Readonly<Record<string, unknown>>;
  return tables
    .filter(
      (table) =>
        table.protocol === protocol &&
        table.benchmark === benchmark &&
        table.splits.join() === [...splits].sort((a, b) => a - b).join() &&
        Object.entries(table.config).every(([key, value]) => settings[key] === value),
    )
    .flatMap(({ rows, metrics, from, examples }) =>
      Object.entries(rows).map(([name, values]): Rival => ({
        name,
        published: from,
        metrics: metrics.map((metric, i) => ({
          name: metric,
          value: Number((values[i]! / 100).toFixed(4)),
          unit: 'fraction',
          direction: 'higher',
          examples,
          split:
            splits.length === 1 ? `${benchmark} ${splits[0]}` : `${benchmark}, mean of splits ${splits.join(', ')}`,
        })),
      })),
    );
}
