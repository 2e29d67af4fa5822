import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join, relative } from 'node:path';
import { ConfigError, type Box } from '../../core/index.js';
import { videoExtensions } from '../../ingest/index.js';
import type { EstimatorFrame } from '../../mining/index.js';
import { openDisparityPairs, type DisparityPair } from './disparity-truth.js';
import { openFlowPairs, type FlowTruth } from './flow-truth.js';
import { pictureFrames, videoFrames } from './frames.js';
import { openMaskSequences, type MaskSequence } from './mask-truth.js';

/** A sequence in which a thing is followed. */
export interface BoxSequence {
  readonly name: string;
  /** One for each frame; null where the thing is not in view. */
  readonly boxes: readonly (Box | null)[];
  readonly frames: () => AsyncIterable<EstimatorFrame>;
}

/** A film with its cuts. */
export interface CutSequence {
  readonly name: string;
  /** Numbers, from 0 and rising, of the first frame of every take but the first. */
  readonly cuts: readonly number[];
  readonly frames: () => AsyncIterable<EstimatorFrame>;
}

/** What a miner's judgement is scored against. */
export type MiningTruth =
  | { readonly kind: 'boxes'; readonly name: string; readonly items: readonly BoxSequence[] }
  | { readonly kind: 'cuts'; readonly name: string; readonly items: readonly CutSequence[] }
  | { readonly kind: 'disparity'; readonly name: string; readonly items: readonly DisparityPair[] }
  | { readonly kind: 'flow'; readonly name: string; readonly items: readonly FlowTruth[] }
  | { readonly kind: 'mask'; readonly name: string; readonly items: readonly MaskSequence[] };

/** The kinds of truth that `--truth KIND:DIR` takes. */
export const truthKinds = ['boxes', 'cuts', 'flow', 'davis', 'middlebury'] as const;

const pictureExtensions: ReadonlySet<string> = new Set(['.png', '.jpg', '.jpeg', '.ppm', '.pgm', '.bmp', '.webp']);
const boxFiles = ['boxes.txt', 'groundtruth_rect.txt', 'groundtruth.txt'] as const;

/**
 * Opens a folder of truth, as `docs/eval-mining.md` lays it out; frames are read when they are asked for.
 *
 * @param text `boxes:DIR`, `cuts:DIR`, `flow:DIR`, `davis:DIR` or `middlebury:DIR`.
 * @param decoder name of the decoder that reads frames, or `auto`.
 * @throws ConfigError for another kind, a folder that holds no such truth, or a line that cannot be read.
 */
export function openMiningTruth(text: string, decoder = 'auto'): MiningTruth {
  const at = text.indexOf(':');
  const kind = truthKinds.find((each) => each === text.slice(0, at));
  const dir = text.slice(at + 1);
  if (!kind) {
    throw new ConfigError(
      `--truth takes ${truthKinds.map((each) => `${each}:DIR`).join(', ')}, got ${JSON.stringify(text)}.`,
    );
  }
  if (kind === 'davis') return openMasks(dir);
  if (!existsSync(dir) || !statSync(dir).isDirectory()) throw new ConfigError(`${dir} is not a folder.`);
  const name = basename(dir);
  const truth: MiningTruth =
    kind === 'middlebury'
      ? { kind: 'disparity', name, items: openDisparityPairs(dir) }
      : kind === 'flow'
        ? { kind, name, items: openFlowPairs(dir) }
        : kind === 'cuts'
          ? { kind, name, items: openSequences(dir, ['cuts.txt'], decoder, parseCuts, 'cuts') }
          : { kind, name, items: openSequences(dir, boxFiles, decoder, parseBoxes, 'boxes') };
  if (truth.items.length === 0) throw new ConfigError(`${dir} holds no truth of ${kind}.`, { context: { dir, kind } });
  return truth;
}

/** `davis:DIR`, which may name some of its sequences after a `?`. */
function openMasks(text: string): MiningTruth {
  const items = openMaskSequences(text);
  if (items.length === 0) throw new ConfigError(`${text} holds no masks of DAVIS.`, { context: { dir: text } });
  return { kind: 'mask', name: basename(text.replace(/\?.*$/s, '')), items };
}

/** Folders of pictures with a truth file in them, and videos with `<name>.<truth file>` beside them. */
function openSequences<K extends string, T>(
  dir: string,
  files: readonly string[],
  decoder: string,
  parse: (text: string, path: string) => T,
  key: K,
): readonly ({ readonly name: string; readonly frames: () => AsyncIterable<EstimatorFrame> } & Readonly<
  Record<K, T>
>)[] {
  const out: ({ name: string; frames: () => AsyncIterable<EstimatorFrame> } & Record<K, T>)[] = [];
  const add = (path: string, truthFile: string, frames: () => AsyncIterable<EstimatorFrame>) => {
    const truth = parse(readFileSync(truthFile, 'utf8'), truthFile);
    out.push({ name: relative(dir, path) || basename(path), frames, [key]: truth } as (typeof out)[number]);
  };
  for (const folder of foldersAt(dir)) {
    const names = readdirSync(folder).sort();
    const own = files.find((file) => names.includes(file));
    const pictures = picturesOf(folder);
    if (own !== undefined && pictures.length > 0) {
      add(folder, join(folder, own), () => pictureFrames(pictures));
    }
    for (const name of names.filter((each) => videoExtensions.has(extname(each).toLowerCase()))) {
      const stem = name.slice(0, -extname(name).length);
      const beside = files.map((file) => `${stem}.${file}`).find((file) => names.includes(file));
      const path = join(folder, name);
      if (beside !== undefined) add(path, join(folder, beside), () => videoFrames(path, decoder));
    }
  }
  return out;
}

/** The folder and all below it, in order of name. */
export function foldersAt(dir: string): readonly string[] {
  const below = readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(dir, name))
    .sort();
  return [dir, ...below.flatMap(foldersAt)];
}

/** The pictures of a folder in order of their numbers, or where OTB puts them: in `img` below it. */
function picturesOf(folder: string): readonly string[] {
  const own = picturePaths(folder);
  const below = join(folder, 'img');
  return own.length > 0 || !existsSync(below) ? own : picturePaths(below);
}

/** Picture files directly in a folder, by the last number in their names, then by name. */
export function picturePaths(folder: string): readonly string[] {
  const numberOf = (name: string) => Number(/(\d+)\D*$/.exec(name)?.[1] ?? 0);
  return readdirSync(folder)
    .filter((name) => pictureExtensions.has(extname(name).toLowerCase()))
    .sort((a, b) => numberOf(a) - numberOf(b) || (a < b ? -1 : 1))
    .map((name) => join(folder, name));
}

function parseCuts(text: string, path: string): readonly number[] {
  const cuts = linesOf(text).map((line) => {
    const cut = Number(line);
    if (!Number.isInteger(cut) || cut < 1) throw badLine(path, line, 'the number of a frame from 1');
    return cut;
  });
  cuts.forEach((cut, i) => {
    if (i > 0 && cut <= cuts[i - 1]!) throw badLine(path, String(cut), 'a number above the one before it');
  });
  return cuts;
}

function parseBoxes(text: string, path: string): readonly (Box | null)[] {
  const boxes = linesOf(text).map((line) => {
    const values = line.split(/[\s,;]+/).map(Number);
    const [x, y, width, height] = values;
    if (values.length !== 4) throw badLine(path, line, 'x, y, width and height');
    const seen = values.every(Number.isFinite) && width! > 0 && height! > 0;
    return seen ? { x: x!, y: y!, width: width!, height: height! } : null;
  });
  if (boxes.length > 0 && !boxes[0])
    throw badLine(path, linesOf(text)[0]!, 'a box: the first frame must show the thing');
  return boxes;
}

/** Lines that say something: no blanks, nothing after `#`. */
function linesOf(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}

function badLine(path: string, line: string, wanted: string): ConfigError {
  return new ConfigError(`${path}: a line must hold ${wanted}, got ${JSON.stringify(line)}.`, { context: { path } });
}
