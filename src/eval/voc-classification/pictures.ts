import { ConfigError, type VideoSource } from '../../core/index.js';
import type { Encoder } from '../../engine/index.js';
import { splitSources } from '../benchmarks/roles.js';
import type { EvaluateContext, EvaluationData } from '../define-evaluator.js';
import { pictureViews, takeCrops } from '../videos/pictures.js';

/** A picture and what is said of each class in it: 1 shown, -1 not, 0 only things that are hard to see. */
export interface LabelledPicture {
  readonly source: VideoSource;
  readonly id: string;
  /** [classes]. */
  readonly labels: Int8Array;
}

/** Both lists of one official split, in order of their names. */
export interface PictureLists {
  readonly train: readonly LabelledPicture[];
  readonly test: readonly LabelledPicture[];
}

/**
 * The pictures of one official split. A picture's role is that of its entries; a corpus in which difficult entries have no role counts them as
 * ignored, too.
 *
 * @throws ConfigError if the split does not exist here, PipelineError `leak` if a picture is in both lists.
 */
export function listPictures(data: EvaluationData, split: number): PictureLists {
  splitSources(data, split);
  const lists: Record<'train' | 'test', LabelledPicture[]> = { train: [], test: [] };
  for (const source of data.sources) {
    const entries = source.benchmarks[data.benchmark] ?? [];
    const role = entries.map(({ roles }) => roles[split - 1]).find((one) => one === 'train' || one === 'test');
    if (role !== 'train' && role !== 'test') continue;
    const labels = new Int8Array(data.classNames.length).fill(-1);
    for (const { label, ignored, roles } of entries)
      labels[label] = ignored === true || roles[split - 1] !== role ? 0 : 1;
    lists[role].push({ source, id: entries[0]!.group, labels });
  }
  const byId = (list: LabelledPicture[]) =>
    list.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.source.id < b.source.id ? -1 : 1));
  return { train: byId(lists.train), test: byId(lists.test) };
}

/**
 * Classes that can be learned and asked about: shown and not shown in both lists.
 *
 * @throws ConfigError where there is none.
 */
export function usableClasses({ train, test }: PictureLists, classes: number): readonly number[] {
  const both = (list: readonly LabelledPicture[], label: number) =>
    [1, -1].every((value) => list.some(({ labels }) => labels[label] === value));
  const usable = Array.from({ length: classes }, (_, label) => label).filter(
    (label) => both(train, label) && both(test, label),
  );
  if (usable.length === 0)
    throw new ConfigError('No class is shown in one picture and not in another, in training and test list alike.', {
      context: { train: train.length, test: test.length, classes },
    });
  return usable;
}

/** Reads pictures one by one: the shorter side to 8/7 of the encoder's, then the centre, as 256 and 224; of a video its middle. */
export async function* readLabelledPictures(
  list: readonly LabelledPicture[],
  {
    encoder,
    context: { data, emit, signal },
    stage,
    done,
    total,
  }: {
    readonly encoder: Encoder;
    readonly context: EvaluateContext<'encoder'>;
    readonly stage: string;
    /** Pictures read before, and of all, for progress. */
    readonly done: number;
    readonly total: number;
  },
): AsyncGenerator<{ readonly picture: Uint8Array; readonly at: number }> {
  const views = pictureViews(encoder, { sampling: 'segment-centre', ticks: 1, clipSeconds: 1, crops: 5 });
  const [view] = Object.keys(views);
  for (const [at, { source }] of list.entries()) {
    signal.throwIfAborted();
    const { startPts, endPts } = source.video;
    const video = await data.open(source, views);
    try {
      const [frame] = await video.framesAt([startPts + Math.floor((endPts - startPts) / 2)], view!);
      if (!frame) throw new Error(`No picture of ${source.id}.`);
      yield { picture: takeCrops(frame, encoder, 1)[0]!, at };
    } finally {
      await video.close();
    }
    emit({ kind: 'progress', stage, done: done + at + 1, total, unit: 'pictures' });
  }
}
