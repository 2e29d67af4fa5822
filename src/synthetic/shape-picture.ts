import type { Random } from '../core/index.js';
import { isInShape, shapeReach, type ShapeName } from './shape-outlines.js';
import { cosineOfTurns, sineOfTurns } from './sine.js';
import { drawTexture } from './texture.js';

/** A shape where it is in a picture. */
export interface DrawnShape {
  readonly name: ShapeName;
  /** Middle of its bounding box before it is turned; pixel centres are at whole numbers. */
  readonly x: number;
  readonly y: number;
  /** Of the disc that has its area, pixels. */
  readonly radius: number;
  /** In turns, clockwise. */
  readonly turn: number;
  /** Grey levels by which it is lighter or darker than the backdrop. */
  readonly contrast: number;
}

/** Most levels by which one channel of a shape is brighter or darker before its grey is set. */
const tint = 40;

/**
 * Draws shapes over a textured backdrop, each with a texture, a tint and a side (lighter or darker) of its own; edges are soft.
 *
 * @returns uint8 [side, side, 3], RGB.
 */
export function drawShapes(shapes: readonly DrawnShape[], side: number, random: Random): Uint8Array {
  const picture = drawTexture(side, side, random.fork('backdrop'));
  const level = mean(picture);
  for (const [n, shape] of shapes.entries()) {
    const own = random.fork('shape', n);
    const skin = drawTexture(side, side, own.fork('skin'));
    const isLighter = own.int(2) === 0;
    const grey = level + (isLighter ? shape.contrast : -shape.contrast);
    const tints = [0, 1, 2].map(() => own.int(2 * tint + 1) - tint);
    const middle = (tints[0]! + tints[1]! + tints[2]!) / 3; // tints leave its grey as it is
    const skinLevel = mean(skin);
    forPixels(shape, side, (pixel, coverage) => {
      for (let c = 0; c < 3; c++) {
        const at = 3 * pixel + c;
        // Half the contrast of a backdrop, so that its own dark and light parts do not hide its edge.
        const colour = Math.min(255, Math.max(0, grey + (skin[at]! - skinLevel) / 2 + tints[c]! - middle));
        picture[at] = Math.round(picture[at]! + (colour - picture[at]!) * coverage);
      }
    });
  }
  return picture;
}

/** The pixels of which a shape covers half or more: uint8 [side, side], 0 or 1. */
export function shapeMask(shape: DrawnShape, side: number): Uint8Array {
  const mask = new Uint8Array(side * side);
  forPixels(shape, side, (pixel, coverage) => {
    if (coverage >= 0.5) mask[pixel] = 1;
  });
  return mask;
}

/** Visits the pixels that a shape touches, with the share covered, by nine places in each pixel. */
function forPixels(
  { name, x, y, radius, turn }: DrawnShape,
  side: number,
  visit: (pixel: number, coverage: number) => void,
): void {
  const [cosine, sine] = [cosineOfTurns(turn), sineOfTurns(turn)];
  const reach = radius * shapeReach(name) + 1;
  const [top, left] = [Math.max(0, Math.floor(y - reach)), Math.max(0, Math.floor(x - reach))];
  for (let py = top; py <= Math.min(side - 1, y + reach); py++) {
    for (let px = left; px <= Math.min(side - 1, x + reach); px++) {
      let hits = 0;
      for (let k = 0; k < 9; k++) {
        const dx = px - x + ((k % 3) - 1) / 3;
        const dy = py - y + (Math.floor(k / 3) - 1) / 3;
        if (isInShape(name, (dx * cosine + dy * sine) / radius, (dy * cosine - dx * sine) / radius)) hits++;
      }
      if (hits > 0) visit(py * side + px, hits / 9);
    }
  }
}

function mean(values: Uint8Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
