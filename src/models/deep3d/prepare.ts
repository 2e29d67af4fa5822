import { rememberPicture, takeRoom, type PrepareContext, type PreparedSample, type Sample } from '../../core/index.js';
import type { stereoPairsSample } from '../../mining/stereo-pairs/sample.js';
import { decodeImage } from '../../vision/image-codec.js';
import { resizeRgb } from '../../vision/resize.js';
import type { Deep3dConfig } from './config.js';

type StereoRecord = Sample<typeof stereoPairsSample>;

interface Size {
  readonly width: number;
  readonly height: number;
}

interface Picture extends Size {
  readonly data: Uint8Array;
  readonly channels: 1 | 3;
}

/**
 * One stored record → both eyes at the network's size, and which pixels count. The same part of both is taken; while learning its place is drawn,
 * and half of the pairs are mirrored with their eyes swapped: a mirrored pair is one only so. Runs in the loader's workers.
 *
 * @returns `left`, `right` uint8 [height, width, 3] RGB, `weight` uint8 [height, width, 1]: 0 where a logo lies, else 1.
 */
export async function prepare(
  sample: Sample,
  { config, random, mode, loader }: Pick<PrepareContext, 'config' | 'random' | 'mode' | 'loader'>,
): Promise<PreparedSample> {
  const { key, fields } = sample as unknown as StereoRecord;
  const settings = config as Deep3dConfig;
  const { width, height, mirror } = settings;
  const open = (name: 'left' | 'right' | 'ignore') =>
    rememberPicture(loader, `${key}/${name}`, () => decodeImage(fields[name]!));
  const [left, right] = [await open('left'), await open('right')];
  const ignore = fields.ignore ? await open('ignore') : null;
  const training = mode === 'train';
  const place = () => (training ? random.float() : 0.5);
  const part = placePart(left, settings, [place(), place()]);
  const isMirrored = training && mirror && random.float() < 0.5;
  const shape = [height, width, 3];
  const eyes = [left, right].map((eye) => spread(resizePart(eye, part, width, height)));
  const [first, second] = isMirrored ? [turn(eyes[1]!, width, 3), turn(eyes[0]!, width, 3)] : eyes;
  const out = (name: string, size: readonly number[], data: Uint8Array) => {
    const room = takeRoom(loader, name, 'uint8', size);
    room.set(data);
    return { data: room, dtype: 'uint8', shape: size } as const;
  };
  const covered = ignore && resizePart(ignore, part, width, height).data;
  const weight = Uint8Array.from({ length: width * height }, (_, i) => Number(!covered || covered[i]! < 64));
  return {
    left: out('left', shape, first!),
    right: out('right', shape, second!),
    weight: out('weight', [height, width, 1], isMirrored ? turn(weight, width, 1) : weight),
  };
}

interface Part extends Size {
  readonly x: number;
  readonly y: number;
}

/** How much of an eye is shown: the largest part of the network's aspect, times `crop` each way, in whole pixels. */
export function shownSize({ width, height }: Size, config: Pick<Deep3dConfig, 'width' | 'height' | 'crop'>): Size {
  const aspect = config.width / config.height;
  const [w, h] = width / height > aspect ? [height * aspect, height] : [width, width / aspect];
  return { width: Math.max(1, Math.round(w * config.crop)), height: Math.max(1, Math.round(h * config.crop)) };
}

function placePart(eye: Picture, config: Deep3dConfig, [atX, atY]: readonly [number, number]): Part {
  const size = shownSize(eye, config);
  return { ...size, x: Math.round((eye.width - size.width) * atX), y: Math.round((eye.height - size.height) * atY) };
}

function resizePart({ data, width, channels }: Picture, part: Part, toWidth: number, toHeight: number): Picture {
  const cut = new Uint8Array(part.width * part.height * channels);
  for (let row = 0; row < part.height; row++) {
    const from = ((part.y + row) * width + part.x) * channels;
    cut.set(data.subarray(from, from + part.width * channels), row * part.width * channels);
  }
  return {
    data: resizeRgb(cut, part.width, part.height, toWidth, toHeight, channels),
    width: toWidth,
    height: toHeight,
    channels,
  };
}

function spread({ data, channels }: Picture): Uint8Array {
  return channels === 3 ? data : Uint8Array.from({ length: 3 * data.length }, (_, i) => data[Math.floor(i / 3)]!);
}

/** Left and right exchanged. */
function turn(data: Uint8Array, width: number, channels: number): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length / channels; i++) {
    const x = i % width;
    const from = (i - x + width - 1 - x) * channels;
    for (let c = 0; c < channels; c++) out[i * channels + c] = data[from + c]!;
  }
  return out;
}
