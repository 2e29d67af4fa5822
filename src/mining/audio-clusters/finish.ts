import { sha256, type DatasetStage, type Random, type Sample } from '../../core/index.js';
import { createLabeller, learnCodebook, readCodebook, toArtefacts, type Codebook } from './codebook.js';
import type { AudioClustersConfig } from './config.js';
import { statisticsCount, type audioClusterSample } from './sample.js';

interface Window {
  readonly key: string;
  readonly source: string;
  readonly statistics: Float32Array;
}

/** A rare cluster's windows count so many times as much as those of the median one, at most. */
const heaviest = 4;

/**
 * Labels every window: learns a codebook from some of them, or takes the one it is given, and keeps it with the dataset. Only the 502
 * numbers of each window are held, 2 kB: a million windows need 2 GB.
 *
 * A window's labels: `label` (its cluster; -1: the track is one that an earlier source has), `bits`, `distance`, `margin`, and `weight`,
 * which evens clusters out: 1 over the root of how frequent its cluster is, 1 for the median cluster, at most 4; 0 where the label is -1.
 */
export async function finishClusters(
  samples: AsyncIterable<Sample<typeof audioClusterSample>>,
  config: AudioClustersConfig,
  { random }: { readonly random: Random },
): Promise<DatasetStage> {
  const windows: Window[] = [];
  for await (const { key, fields, provenance } of samples)
    windows.push({ key, source: provenance.source, statistics: fields.statistics });
  const book = config.codebook === null ? await learn(windows, config, random) : readCodebook(config.codebook);
  if (!book) return { labels: new Map(), artefacts: {} };
  const again = findRepeats(windows, config.duplicateDistance);
  const label = createLabeller(book);
  const labels = new Map<string, Readonly<Record<string, number>>>();
  for (const { key, statistics } of windows) {
    const found = label(statistics);
    const isRepeat = again.has(key);
    const { distance, margin, bits } = found;
    labels.set(key, {
      label: isRepeat ? -1 : found.label,
      weight: isRepeat ? 0 : weightOf(found.label, book.counts),
      bits,
      distance: Math.fround(distance),
      margin: Math.fround(margin),
    });
  }
  return { labels, artefacts: toArtefacts(book) };
}

/** A few windows of each source, by the hash of their keys; null if there are none at all. */
async function learn(
  windows: readonly Window[],
  config: AudioClustersConfig,
  random: Random,
): Promise<Codebook | null> {
  if (windows.length === 0) return null;
  const ofSource = new Map<string, { readonly hash: string; readonly window: Window }[]>();
  for (const window of windows) {
    const list = ofSource.get(window.source) ?? [];
    ofSource.set(window.source, list);
    list.push({ hash: sha256(window.key), window });
  }
  const chosen = [...ofSource.values()]
    .flatMap((list) => list.sort((a, b) => (a.hash < b.hash ? -1 : 1)).slice(0, config.fitPerSource))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1))
    .slice(0, config.fitWindows);
  const rows = new Float32Array(chosen.length * statisticsCount);
  chosen.forEach(({ window }, i) => rows.set(window.statistics, i * statisticsCount));
  return learnCodebook(rows, config, random);
}

function weightOf(label: number, counts: Int32Array): number {
  const sorted = counts.filter((count) => count > 0).sort();
  const median = sorted[Math.floor(sorted.length / 2)] ?? 1;
  return Math.fround(Math.min(heaviest, Math.sqrt(median / Math.max(1, counts[label]!))));
}

/** Keys of windows whose numbers are those of a window of another source that comes before them in key order. */
function findRepeats(windows: readonly Window[], nearest: number): ReadonlySet<string> {
  // Along any direction of length 1, windows are at most as far apart as they are.
  const along = ({ statistics }: Window): number => {
    let sum = 0;
    for (const value of statistics) sum += value;
    return sum / Math.sqrt(statisticsCount);
  };
  const line = windows
    .map((window, order) => ({ window, order, place: along(window) }))
    .sort((a, b) => a.place - b.place);
  const repeats = new Set<string>();
  line.forEach((one, i) => {
    for (let j = i + 1; j < line.length && line[j]!.place - one.place < nearest; j++) {
      const other = line[j]!;
      if (other.window.source === one.window.source) continue;
      if (distanceOf(one.window.statistics, other.window.statistics) >= nearest) continue;
      repeats.add((one.order < other.order ? other : one).window.key);
    }
  });
  return repeats;
}

function distanceOf(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += (a[d]! - b[d]!) * (a[d]! - b[d]!);
  return Math.sqrt(sum);
}
