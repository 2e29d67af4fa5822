import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom, type Box, type Random } from '../core/index.js';
import { encodeImage, formatFlo } from '../vision/index.js';
import type { FlowPair } from './flow-pair.js';
import { cosineOfTurns, sineOfTurns } from './sine.js';
import { drawTexture } from './texture.js';

/** A picture and its size. */
interface Picture {
  /** uint8 [height, width, 3]. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A textured square that moves over a textured backdrop, and where it is. */
export interface BoxFilm {
  readonly frames: readonly Picture[];
  /** One for each frame, in pixels; edges need not fall on whole ones. */
  readonly boxes: readonly Box[];
}

/**
 * A film of a square of `side` pixels on a smooth closed path, up to `speed` pixels a frame in each direction, always
 * wholly in view. The same seed gives the same bytes.
 */
export function makeBoxFilm(
  seed: number,
  {
    width = 320,
    height = 240,
    frames = 60,
    side = 64,
    speed = 4,
  }: {
    readonly width?: number;
    readonly height?: number;
    readonly frames?: number;
    readonly side?: number;
    readonly speed?: number;
  } = {},
): BoxFilm {
  const random = createRandom(seed).fork('box-film');
  const backdrop = withGrain({ data: drawTexture(width, height, random.fork('backdrop')), width, height }, random);
  const thing = withGrain({ data: drawTexture(side, side, random.fork('thing')), width: side, height: side }, random);
  const phases = [random.float(), random.float()] as const;
  const reach = [(width - side) / 2 - 1, (height - side) / 2 - 1] as const;
  // A sine's steepest step is 2π · amplitude · turns: never faster than `speed`.
  const turns = reach.map((amplitude) => speed / (2 * Math.PI * amplitude));
  const boxes = Array.from({ length: frames }, (_, i) => ({
    x: reach[0] + 1 + reach[0] * sineOfTurns(phases[0] + i * turns[0]!),
    y: reach[1] + 1 + reach[1] * cosineOfTurns(phases[1] + i * turns[1]!),
    width: side,
    height: side,
  }));
  return { boxes, frames: boxes.map((box) => paste(backdrop, thing, box)) };
}

/** A film of still takes with a slow pan, cut at the given frames; each take has a backdrop of its own. */
export function makeCutFilm(
  seed: number,
  {
    width = 160,
    height = 120,
    frames = 120,
    cuts,
  }: { readonly width?: number; readonly height?: number; readonly frames?: number; readonly cuts: readonly number[] },
): readonly Picture[] {
  const random = createRandom(seed).fork('cut-film');
  const takes = [0, ...cuts].map((_, take) => {
    const own = random.fork('take', take);
    const wide = { data: drawTexture(2 * width, height, own), width: 2 * width, height };
    return { wide: withGrain(wide, own), step: own.float() * Math.min(2, width / frames) };
  });
  return Array.from({ length: frames }, (_, i) => {
    const take = cuts.filter((cut) => cut <= i).length;
    const { wide, step } = takes[take]!;
    return crop(wide, Math.floor(step * i), width, height);
  });
}

/** Writes films as `eval mining --truth boxes:DIR` takes them: a folder each, with `boxes.txt`. */
export async function writeBoxTruth(dir: string, films: Readonly<Record<string, BoxFilm>>): Promise<void> {
  for (const [name, { frames, boxes }] of Object.entries(films)) {
    await writePictures(join(dir, name), frames);
    const lines = boxes.map(({ x, y, width, height }) => `${x},${y},${width},${height}\n`);
    writeFileSync(join(dir, name, 'boxes.txt'), lines.join(''));
  }
}

/** Writes films as `eval mining --truth cuts:DIR` takes them: a folder each, with `cuts.txt`. */
export async function writeCutTruth(
  dir: string,
  films: Readonly<Record<string, { readonly frames: readonly Picture[]; readonly cuts: readonly number[] }>>,
): Promise<void> {
  for (const [name, { frames, cuts }] of Object.entries(films)) {
    await writePictures(join(dir, name), frames);
    writeFileSync(join(dir, name, 'cuts.txt'), cuts.map((cut) => `${cut}\n`).join(''));
  }
}

/** Writes pairs as `eval mining --truth flow:DIR` takes them: a folder each, with `flow.flo`; hidden pixels count as unknown. */
export async function writeFlowTruth(dir: string, pairs: Readonly<Record<string, FlowPair>>): Promise<void> {
  for (const [name, { previous, next, flow, visible, width, height }] of Object.entries(pairs)) {
    const frames = [previous, next].map((data) => ({ data, width, height, channels: 1 as const }));
    await writePictures(join(dir, name), frames);
    writeFileSync(join(dir, name, 'flow.flo'), formatFlo({ flow, valid: visible, width, height }));
  }
}

async function writePictures(
  folder: string,
  pictures: readonly (Picture & { readonly channels?: 1 | 3 })[],
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [i, { data, width, height, channels = 3 }] of pictures.entries()) {
    const image = await encodeImage(data, width, height, channels, { format: 'png' });
    writeFileSync(join(folder, `${String(i).padStart(5, '0')}.png`), image.data);
  }
}

/** Grain that moves with what it is on: without it smooth noise has too few corners to be followed. */
function withGrain(picture: Picture, random: Random): Picture {
  const own = random.fork('grain', picture.width, picture.height);
  for (let pixel = 0; pixel < picture.width * picture.height; pixel++) {
    const amount = own.int(41) - 20;
    for (let c = 0; c < 3; c++) picture.data[3 * pixel + c] = picture.data[3 * pixel + c]! + amount;
  }
  return picture;
}

/** The backdrop with a thing at a place between pixels; a pixel shows the thing where its centre lies inside the box. */
function paste(backdrop: Picture, thing: Picture, { x, y }: Box): Picture {
  const { width, height } = backdrop;
  const data = backdrop.data.slice();
  for (let row = Math.ceil(y - 0.5); row + 0.5 < y + thing.height; row++) {
    for (let column = Math.ceil(x - 0.5); column + 0.5 < x + thing.width; column++) {
      for (let c = 0; c < 3; c++) {
        data[3 * (row * width + column) + c] = Math.round(sampleAt(thing, column - x, row - y, c));
      }
    }
  }
  return { data, width, height };
}

function crop(from: Picture, left: number, width: number, height: number): Picture {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    const start = 3 * (y * from.width + left);
    data.set(from.data.subarray(start, start + 3 * width), 3 * y * width);
  }
  return { data, width, height };
}

/** Linear interpolation between pixel centres at whole numbers; the edge goes on outside. */
function sampleAt({ data, width, height }: Picture, x: number, y: number, c: number): number {
  const u = Math.min(Math.max(0, x), width - 1);
  const v = Math.min(Math.max(0, y), height - 1);
  const [left, top] = [Math.floor(u), Math.floor(v)];
  const at = (column: number, row: number) =>
    data[3 * (Math.min(row, height - 1) * width + Math.min(column, width - 1)) + c]!;
  const above = at(left, top) + (at(left + 1, top) - at(left, top)) * (u - left);
  const below = at(left, top + 1) + (at(left + 1, top + 1) - at(left, top + 1)) * (u - left);
  return above + (below - above) * (v - top);
}
