import { ConfigError, type Random } from '../../core/index.js';

/** Five frames of a video by number, from 0; -1 for a or e where it is not there. */
export interface ExchangeQuintuple {
  /** The video's name in the keys. */
  readonly video: string;
  readonly frames: readonly [a: number, b: number, c: number, d: number, e: number];
}

/** Three frames as shown, numbered from 0, and whether the middle one was filmed between the others. */
export interface ExchangeTuple {
  readonly video: string;
  readonly frames: readonly [first: number, middle: number, last: number];
  readonly label: 0 | 1;
}

/** What could be made of tuples. */
export interface UnitedTuples {
  readonly quintuples: readonly ExchangeQuintuple[];
  /** Tuples whose outer frames come in no tuple of the other label, so that they make no record. */
  readonly unpaired: number;
  /** Tuples whose label is not what their numbers say. */
  readonly contradictory: number;
}

const dummy = 'none'; // the fourth column, which the network reads no picture for

/** The tuples of a quintuple: right and wrong ones over the same outer frames, each forward and backward. */
export function tuplesOf({ video, frames: [a, b, c, d, e] }: ExchangeQuintuple): readonly ExchangeTuple[] {
  const middles = [
    { middle: c, label: 1 as const },
    ...(a < 0 ? [] : [{ middle: a, label: 0 as const }]),
    ...(e < 0 ? [] : [{ middle: e, label: 0 as const }]),
  ];
  return middles.flatMap(({ middle, label }) => [
    { video, frames: [b, middle, d], label },
    { video, frames: [d, middle, b], label },
  ]);
}

/**
 * All tuples of these quintuples in a shuffled order, since whoever reads the files reads them as they are.
 *
 * @param negativeShare so many are wrong: as many of the others as needed are left out. Default: all stay.
 */
export function drawTuples(
  quintuples: readonly ExchangeQuintuple[],
  random: Random,
  negativeShare?: number,
): readonly ExchangeTuple[] {
  const all = random.fork('shuffle').shuffle(quintuples.flatMap(tuplesOf));
  if (negativeShare === undefined) return all;
  const of = (label: 0 | 1) => all.filter((tuple) => tuple.label === label).length;
  const total = Math.min(
    negativeShare === 0 ? Infinity : of(0) / negativeShare,
    negativeShare === 1 ? Infinity : of(1) / (1 - negativeShare),
  );
  const left = [Math.round(total * negativeShare), Math.round(total * (1 - negativeShare))];
  return all.filter(({ label }) => left[label]!-- > 0);
}

/**
 * Tuples as the authors of the method exchange them: a file of keys with four columns, three pictures `video/video_NNNNNN`
 * counted from 1 and one that is not used; and a file with a 0 or 1 for each line.
 *
 * Source: the README and the data layer of github.com/imisra/shuffle-tuple.
 */
export function formatAuthors(tuples: readonly ExchangeTuple[]): { readonly keys: string; readonly labels: string } {
  return {
    keys: tuples
      .map(({ video, frames }) => `${frames.map((frame) => keyOf(video, frame)).join('\t')}\t${dummy}\n`)
      .join(''),
    labels: tuples.map(({ label }) => `${label}\n`).join(''),
  };
}

/** The authors' name of a frame, which is counted from 0 here and from 1 there. */
export function keyOf(video: string, frame: number): string {
  return `${video}/${video}_${String(frame + 1).padStart(6, '0')}`;
}

/**
 * Reads what `formatAuthors` writes. The fourth column may be missing.
 *
 * @throws ConfigError naming the line that is wrong, or if there are not as many labels as keys.
 */
export function parseAuthors(keys: string, labels: string): readonly ExchangeTuple[] {
  const keyLines = linesOf(keys);
  const labelLines = linesOf(labels);
  if (keyLines.length !== labelLines.length) {
    throw new ConfigError(`There are ${keyLines.length} lines of keys and ${labelLines.length} labels.`);
  }
  return keyLines.map((line, i) => {
    const parsed = line.split('\t').slice(0, 3).map(parseKey);
    const [first, middle, last] = parsed;
    const video = first?.video;
    if (!first || !middle || !last || !parsed.every((key) => key?.video === video)) {
      throw new ConfigError(
        `Line ${i + 1} must hold three keys video/video_NNNNNN of one video, with tabs, got ${JSON.stringify(line)}.`,
      );
    }
    const label = labelLines[i]!.trim();
    if (label !== '0' && label !== '1') {
      throw new ConfigError(`Label ${i + 1} must be 0 or 1, got ${JSON.stringify(label)}.`);
    }
    return { video: first.video, frames: [first.frame, middle.frame, last.frame], label: label === '1' ? 1 : 0 };
  });
}

/**
 * Quintuples whose tuples are these: right and wrong middles over the same outer frames are united, in order of their
 * numbers; where there are more of one kind than of another, the others are taken again.
 */
export function uniteTuples(tuples: readonly ExchangeTuple[]): UnitedTuples {
  const groups = new Map<
    string,
    { video: string; b: number; d: number; a: Set<number>; c: Set<number>; e: Set<number> }
  >();
  let contradictory = 0;
  for (const { video, frames, label } of tuples) {
    const [first, middle, last] = frames;
    const [b, d] = [Math.min(first, last), Math.max(first, last)];
    const role = middle < b ? 'a' : middle > d ? 'e' : 'c';
    if ((role === 'c') !== (label === 1) || middle === b || middle === d) {
      contradictory++;
      continue;
    }
    const name = `${video}\0${b}\0${d}`;
    const group = groups.get(name) ?? { video, b, d, a: new Set(), c: new Set(), e: new Set() };
    group[role].add(middle);
    groups.set(name, group);
  }
  const quintuples: ExchangeQuintuple[] = [];
  let unpaired = 0;
  for (const { video, b, d, ...sets } of groups.values()) {
    const [a, c, e] = [sets.a, sets.c, sets.e].map((set) => [...set].sort((x, y) => x - y)) as [
      number[],
      number[],
      number[],
    ];
    if (c.length === 0 || a.length + e.length === 0) {
      unpaired += a.length + c.length + e.length;
      continue;
    }
    const take = (list: readonly number[], i: number) => (list.length === 0 ? -1 : list[i % list.length]!);
    for (let i = 0; i < Math.max(a.length, c.length, e.length); i++) {
      quintuples.push({ video, frames: [take(a, i), b, take(c, i), d, take(e, i)] });
    }
  }
  return { quintuples, unpaired, contradictory };
}

function parseKey(text: string): { readonly video: string; readonly frame: number } | null {
  const match = /^(.+)\/(.+)_(\d{6,})$/.exec(text.trim());
  const number = Number(match?.[3]);
  if (!match || match[1] !== match[2] || number < 1) return null;
  return { video: match[1]!, frame: number - 1 };
}

function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines;
}
