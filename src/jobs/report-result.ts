import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { readJsonFile, readJsonLines, type Metric, type MetricCurve, type Rival } from '../core/index.js';
import type {
  ClassesReport,
  ClassScoresReport,
  Fact,
  QueriesReport,
  QueryReport,
  ResultReport,
} from '../report/index.js';
import { spread } from './inspect-dataset.js';
import type { Thumbnails } from './report-thumbnails.js';

interface ResultFile {
  readonly schema: number;
  readonly protocol: string;
  /** A model, or of `mining` a miner. */
  readonly evaluated: { readonly task?: string; readonly run?: string | null; readonly signal?: string };
  readonly version?: number;
  readonly config?: unknown;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metrics: readonly Metric[];
  readonly rivals: readonly Rival[];
  readonly curves?: readonly MetricCurve[];
  readonly splits?: readonly number[];
  readonly seeds?: number;
  readonly leak: number | null;
}

/** Result files of a run, and those of the single splits where one is a mean. */
export function resultFiles(run: string): readonly string[] {
  const results = join(run, 'results');
  return foldersIn(results)
    .flatMap((folder) => [folder, ...foldersIn(folder).filter((each) => /^split-\d+$/.test(basename(each)))])
    .map((folder) => join(folder, 'result.json'))
    .filter((file) => existsSync(file));
}

/** Folders in a folder, by name; none where it is not there. */
export function foldersIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))
    .sort();
}

/** What a page shows of a `result.json` and the `predictions.jsonl` beside it. Without thumbnails, queries have no pictures. */
export async function readResult(
  file: string,
  {
    thumbnails = null,
    nameRun = basename,
  }: {
    readonly thumbnails?: Pick<Thumbnails, 'nameOf' | 'of'> | null;
    readonly nameRun?: (run: string) => string;
  } = {},
): Promise<ResultReport> {
  const result = readJsonFile<ResultFile>(file, 1);
  const facts = Object.entries(result.data).flatMap(([label, value]): Fact[] =>
    typeof value === 'number' || typeof value === 'string' ? [{ label, value }] : [],
  );
  const predictions = join(dirname(file), 'predictions.jsonl');
  const rows = existsSync(predictions) ? readJsonLines<PredictionRow>(predictions) : [];
  const nameOf = classNamer(rows, thumbnails);
  const classes = result.protocol === 'action-recognition' ? confusionOf(rows, nameOf) : null;
  const classScores = result.protocol === 'voc-classification' ? precisionOf(dirname(file)) : null;
  const queries = result.protocol === 'retrieval' ? await queriesOf(rows, nameOf, thumbnails) : null;
  const notes = notesOf(result);
  return {
    protocol: protocolOf(result),
    subject: subjectOf(result.evaluated, nameRun),
    ...(result.evaluated.run === null ? { isUntrained: true } : {}),
    facts: [...facts, ...(result.seeds === undefined ? [] : [{ label: 'seeds', value: result.seeds }])],
    metrics: result.metrics,
    rivals: result.rivals,
    ...(result.curves ? { curves: result.curves } : {}),
    settings: settingsOf(result),
    ...(result.splits ? { splits: result.splits } : {}),
    ...(classes ? { classes } : {}),
    ...(classScores ? { classScores } : {}),
    ...(queries ? { queries } : {}),
    ...(notes.length > 0 ? { notes } : {}),
  };
}

/** Average precision of each class, by eleven points as VOC 2007 has it; null where it is not there. */
function precisionOf(folder: string): ClassScoresReport | null {
  const file = join(folder, 'classes.jsonl');
  if (!existsSync(file)) return null;
  const rows = readJsonLines<{ readonly class: string; readonly elevenPoint: number | null }>(file);
  const scores = rows.flatMap(({ class: name, elevenPoint }) =>
    typeof elevenPoint === 'number' ? [{ name, value: elevenPoint }] : [],
  );
  return { what: 'Average precision by eleven points', scores };
}

function notesOf({ leak, data, splits }: ResultFile): readonly string[] {
  const absent = data['absent'];
  return [
    ...(leak === null ? [] : [`Scored on data of which ${leak} videos or groups were trained on.`]),
    ...(typeof absent === 'number' && absent > 0
      ? [`${absent} entries of the official list are not here: nothing published compares with these figures.`]
      : []),
    ...(splits
      ? [`Means over the splits ${splits.join(', ')}; they have no interval, since test lists may overlap.`]
      : []),
  ];
}

function subjectOf({ task = '', run, signal }: ResultFile['evaluated'], nameRun: (run: string) => string): string {
  if (signal !== undefined) return signal;
  return typeof run === 'string' ? nameRun(run) : `untrained ${task}`;
}

/** Where a protocol has kinds whose figures cannot be compared, such as probe and fine-tune, each has tables of its own. */
function protocolOf({ protocol, config }: ResultFile): string {
  const kind = (config as { readonly protocol?: unknown } | undefined)?.protocol;
  return typeof kind === 'string' ? `${protocol}, ${kind}` : protocol;
}

function settingsOf({ version, config }: ResultFile): Readonly<Record<string, string>> {
  const flat: Record<string, string> = version === undefined ? {} : { version: String(version) };
  const add = (value: unknown, path: string): void => {
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      for (const [name, inner] of Object.entries(value)) add(inner, path === '' ? name : `${path}.${name}`);
    else if (value !== undefined) flat[path] = typeof value === 'string' ? value : JSON.stringify(value);
  };
  add(config, '');
  return flat;
}

/** Names runs by their folders; those whose folders are called the same by the folder above, too. */
export function runNamer(runs: readonly string[]): (run: string) => string {
  const all = new Set(runs.map((run) => resolve(run)));
  return (run) => {
    const alike = [...all].filter((other) => basename(other) === basename(run));
    return alike.length > 1 ? join(basename(dirname(resolve(run))), basename(run)) : basename(run);
  };
}

/**
 * Names results that have protocol and subject in common by their folders, too: one run that was asked on two sets of data, or on single splits, must
 * not have rows that look alike.
 *
 * @param files of the results, in their order.
 */
export function tellApart(results: readonly ResultReport[], files: readonly string[]): readonly ResultReport[] {
  const kindOf = ({ protocol, subject }: ResultReport) => JSON.stringify([protocol, subject]);
  const nameFolder = runNamer(files.map((file) => dirname(file)));
  return results.map((result, i) => {
    const isAlone = results.filter((other) => kindOf(other) === kindOf(result)).length === 1;
    return isAlone ? result : { ...result, subject: `${result.subject}, ${nameFolder(dirname(files[i]!))}` };
  });
}

/** The folder of the run that a result is of, as it was called then; null where it is of none. */
export function runOf(file: string): string | null {
  return readJsonFile<ResultFile>(file, 1).evaluated.run ?? null;
}

/** A line of `predictions.jsonl`, of whichever protocol. */
type PredictionRow = Readonly<Record<string, unknown>>;

type NameOfClass = (label: number) => string;

/** Names of classes: of the corpora at hand, else what stands before the `/` of the keys of all videos of the class. */
function classNamer(rows: readonly PredictionRow[], thumbnails: Pick<Thumbnails, 'nameOf'> | null): NameOfClass {
  const names = new Map<number, string>();
  const add = ({ key, label, source }: PredictionRow): void => {
    if (typeof label !== 'number' || names.has(label)) return;
    const known = typeof source === 'string' ? thumbnails?.nameOf(source) : undefined;
    const fromKey = typeof key === 'string' && key.includes('/') ? key.slice(0, key.lastIndexOf('/')) : undefined;
    const name = known ?? fromKey;
    if (name !== undefined) names.set(label, name);
  };
  for (const row of rows) {
    add(row);
    if (Array.isArray(row['nearest'])) (row['nearest'] as PredictionRow[]).forEach(add);
  }
  return (label) => names.get(label) ?? `class ${label}`;
}

/**
 * Which class was named for which, counted over the seeds: the class of the highest logit, the first of equals, as the protocol scores it. Only answers
 * to single pictures where there are others; null where no line has logits.
 */
export function confusionOf(rows: readonly PredictionRow[], nameOf: NameOfClass): ClassesReport | null {
  const single = rows.filter(
    ({ features, logits, classes, label }) =>
      (features === undefined || features === 'singleFrame') &&
      Array.isArray(logits) &&
      Array.isArray(classes) &&
      typeof label === 'number',
  ) as unknown as readonly {
    readonly logits: readonly number[];
    readonly classes: readonly number[];
    readonly label: number;
    readonly seed?: number;
  }[];
  const [first] = single;
  if (!first) return null;
  const { classes } = first;
  const confusion = classes.map(() => classes.map(() => 0));
  for (const { logits, label } of single) {
    const named = logits.reduce((best, logit, i) => (logit > logits[best]! ? i : best), 0);
    const row = confusion[classes.indexOf(label)];
    if (row) row[named]!++;
  }
  const seeds = new Set(single.map(({ seed }) => seed)).size;
  const often = seeds === 1 ? 'once' : `${seeds} times, once for each seed`;
  return {
    names: classes.map(nameOf),
    confusion,
    about: `Answers to single pictures, averaged over each video; every test video is counted ${often}.`,
  };
}

const shownQueries = 12;
const shownNeighbours = 6;

interface RetrievalRow {
  readonly key: string;
  readonly source: string;
  readonly label: number;
  readonly rank: number | null;
  readonly nearest: readonly Omit<RetrievalRow & { readonly cosine: number }, 'rank' | 'nearest'>[];
}

/** Some queries, half of them misses where there are as many, evenly spread over the list. */
async function queriesOf(
  rows: readonly PredictionRow[],
  nameOf: NameOfClass,
  thumbnails: Pick<Thumbnails, 'of'> | null,
): Promise<QueriesReport | null> {
  const all = rows.filter(({ nearest }) => Array.isArray(nearest)) as unknown as readonly RetrievalRow[];
  if (all.length === 0) return null;
  const hits = all.filter(({ rank }) => rank === 1);
  const misses = all.filter(({ rank }) => rank !== 1);
  const wantedMisses = Math.min(misses.length, Math.max(shownQueries / 2, shownQueries - hits.length));
  const chosen = new Set([...spread(misses, wantedMisses), ...spread(hits, shownQueries - wantedMisses)]);
  const shown: QueryReport[] = [];
  const video = async ({ key, source, label }: Pick<RetrievalRow, 'key' | 'source' | 'label'>) => {
    const picture = (await thumbnails?.of(source)) ?? null;
    return { name: key, className: nameOf(label), ...(picture ? { picture } : {}) };
  };
  for (const row of all) {
    if (!chosen.has(row)) continue;
    const nearest: QueryReport['nearest'][number][] = [];
    for (const each of row.nearest.slice(0, shownNeighbours))
      nearest.push({ ...(await video(each)), cosine: each.cosine, isHit: each.label === row.label });
    shown.push({ video: await video(row), rank: row.rank, nearest });
  }
  return { total: all.length, hits: hits.length, shown };
}
