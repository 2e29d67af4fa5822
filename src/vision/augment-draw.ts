import { unitCircle, type Random } from '../core/index.js';
import type { ColourMatrix, Picture, PictureCut } from './augment.js';

/** How far pictures may be changed while learning. What is left out is not changed. */
export interface AugmentSettings {
  /** Cuts at the output's own size, at whole pixels: nothing is scaled, and nothing below but mirroring and colours is drawn. */
  readonly ownSize?: boolean;
  /** Share of the picture's area that is shown, least and most. */
  readonly area?: readonly [least: number, most: number];
  /** Width by height of what is shown, least and most; default: as the output's. */
  readonly aspect?: readonly [least: number, most: number];
  /** Largest shift of each frame of a clip by itself, as a share of what is shown; else all frames show the same place. */
  readonly jitter?: number;
  /** How often left and right are swapped, 0–1. */
  readonly mirror?: number;
  /** Largest change of each, as a share of 1: a factor from 1 − x to 1 + x. */
  readonly brightness?: number;
  readonly contrast?: number;
  readonly saturation?: number;
  /** Largest turn of the colours, in turns: up to 0.5. */
  readonly hue?: number;
}

/**
 * What was drawn for a clip: plain numbers in shares of a picture, so that it fits pictures of any size and, stored as JSON, gives the same pixels
 * again.
 */
export interface Augmentation {
  /** Left, top, width and height, 0–1. */
  readonly part: readonly [x: number, y: number, width: number, height: number];
  readonly mirror: boolean;
  readonly colour: ColourMatrix | null;
  /** Shift of each frame, in shares of the picture; [] where none is shifted. */
  readonly shifts: readonly (readonly [x: number, y: number])[];
}

const attempts = 10;
const luma = [0.299, 0.587, 0.114] as const;
const midGrey = 127.5;

/**
 * Draws one change for all frames of a clip: drawn for each frame, it would show movement that is not there.
 *
 * @param frame size of its pictures, and of what is made of them: `aspect` of the cut follows the latter.
 *
 * Source of the cut: Szegedy et al., "Going Deeper with Convolutions", 2015, section 6; aspects are drawn evenly here, not by their logarithm.
 */
export function drawAugmentation(
  random: Random,
  settings: AugmentSettings,
  frame: FrameSizes,
  frames = 1,
): Augmentation {
  const { jitter = 0, mirror = 0, ownSize = false } = settings;
  const part = ownSize ? drawOwnSize(random, frame) : drawPart(random, settings, frame);
  const mirrored = random.float() < mirror;
  const shift = (size: number) => (2 * random.float() - 1) * jitter * size;
  return {
    part,
    mirror: mirrored,
    colour: drawColour(random, settings),
    shifts:
      jitter > 0 && !ownSize ? Array.from({ length: frames }, () => [shift(part[2]), shift(part[3])] as const) : [],
  };
}

interface FrameSizes {
  readonly width: number;
  readonly height: number;
  readonly toWidth: number;
  readonly toHeight: number;
}

function drawOwnSize(random: Random, { width, height, toWidth, toHeight }: FrameSizes): Augmentation['part'] {
  if (toWidth > width || toHeight > height)
    throw new RangeError(`A picture of ${width}×${height} holds no part of ${toWidth}×${toHeight}.`);
  const x = random.int(width - toWidth + 1) / width;
  return [x, random.int(height - toHeight + 1) / height, toWidth / width, toHeight / height];
}

function drawPart(
  random: Random,
  { area = [1, 1], aspect, jitter = 0 }: AugmentSettings,
  frame: FrameSizes,
): Augmentation['part'] {
  const between = ([least, most]: readonly [number, number]) => least + (most - least) * random.float();
  const pixelAspect = frame.width / frame.height;
  const own = frame.toWidth / frame.toHeight;
  let [width, height] = largest(own / pixelAspect);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const share = between(area);
    const shape = (aspect ? between(aspect) : own) / pixelAspect;
    const [w, h] = [Math.sqrt(share * shape), Math.sqrt(share / shape)];
    if (w > 1 || h > 1) continue;
    [width, height] = [w, h];
    break;
  }
  // Room for the shifts is left, or the picture's edge would stop them.
  const shrink = Math.min(1, 1 / (1 + 2 * jitter) / Math.max(width, height));
  [width, height] = [width * shrink, height * shrink];
  const place = (size: number) => size * jitter + Math.max(0, 1 - size * (1 + 2 * jitter)) * random.float();
  return [place(width), place(height), width, height];
}

/** What becomes of one frame of a clip. */
export function cutOf(
  { part, mirror, colour, shifts }: Augmentation,
  { width, height }: Pick<Picture, 'width' | 'height'>,
  frame = 0,
): PictureCut {
  const [dx, dy] = shifts[frame] ?? [0, 0];
  const inside = (value: number, size: number) => Math.min(Math.max(0, value), Math.max(0, 1 - size));
  const box = {
    x: toWhole(inside(part[0] + dx, part[2]) * width),
    y: toWhole(inside(part[1] + dy, part[3]) * height),
    width: toWhole(part[2] * width),
    height: toWhole(part[3] * height),
  };
  return { box, mirror, colour };
}

/** A whole number of pixels that division and product have moved is whole again. */
function toWhole(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) < 1e-9 ? whole : value;
}

/** One matrix that does first what `first` does, then what `second` does. */
export function chainColours(first: ColourMatrix, second: ColourMatrix): ColourMatrix {
  return Array.from({ length: 12 }, (_, i) => {
    const [row, column] = [Math.floor(i / 4), i % 4];
    const sum = [0, 1, 2].reduce((total, k) => total + second[row * 4 + k]! * first[k * 4 + column]!, 0);
    return column === 3 ? sum + second[row * 4 + 3]! : sum;
  });
}

/** Brightness, contrast about middle grey, saturation about luma, and hue about the grey axis, one after another. */
function drawColour(random: Random, settings: AugmentSettings): ColourMatrix | null {
  const { brightness = 0, contrast = 0, saturation = 0, hue = 0 } = settings;
  if (brightness === 0 && contrast === 0 && saturation === 0 && hue === 0) return null;
  const factor = (most: number) => 1 + (2 * random.float() - 1) * most;
  const [b, c, s] = [factor(brightness), factor(contrast), factor(saturation)];
  const turn = (2 * random.float() - 1) * hue;
  const scaled = (by: number, offset: number) => [0, 1, 2].flatMap((row) => [...onDiagonal(row, by), offset]);
  const bright = scaled(b * c, midGrey * (1 - c));
  const saturated = [0, 1, 2].flatMap((row) => [...luma.map((w, k) => w * (1 - s) + (row === k ? s : 0)), 0]);
  return chainColours(chainColours(bright, saturated), turnHue(turn));
}

function onDiagonal(row: number, value: number): number[] {
  return [0, 1, 2].map((k) => (k === row ? value : 0));
}

/** A rotation about the axis of equal red, green and blue (Rodrigues' formula); grey stays. */
function turnHue(turns: number): ColourMatrix {
  const [cosine, sine] = unitCircle(((turns % 1) + 1) % 1, 1);
  const third = (1 - cosine) / 3;
  const side = sine * Math.sqrt(1 / 3);
  const [a, b, c] = [cosine + third, third - side, third + side];
  return [a, b, c, 0, c, a, b, 0, b, c, a, 0];
}

/** Shares of width and height of the largest cut of an aspect. */
function largest(aspect: number): [width: number, height: number] {
  return aspect >= 1 ? [1, 1 / aspect] : [aspect, 1];
}
