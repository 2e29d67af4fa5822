import { cosineOfTurns, sineOfTurns } from './sine.js';

/** Outlines that a mover can have; its two halves differ in brightness, so that its turn is seen. */
export const moverShapes = ['disc', 'square', 'triangle'] as const;

/** What moves. */
export interface Mover {
  readonly shape: (typeof moverShapes)[number];
  /** Pixels from the centre to the farthest point of its outline. */
  readonly radius: number;
  /** RGB of the bright half. */
  readonly colour: readonly [number, number, number];
}

/** Where a mover is, in pixels (pixel centres at whole numbers), and how far it is turned, in turns. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  readonly angle: number;
}

const darkShare = 0.25; // darker than any backdrop, lighter than the grain is deep

/** Draws a mover over a picture, with soft edges one pixel wide. Changes `rgb`, uint8 [height, width, 3]. */
export function drawMover(rgb: Uint8Array, width: number, height: number, mover: Mover, pose: Pose): void {
  forPixels(width, height, mover, pose, (pixel, coverage, across) => {
    const light = darkShare + (1 - darkShare) * clamp(0.5 + across);
    for (let c = 0; c < 3; c++) {
      const at = pixel * 3 + c;
      rgb[at] = Math.round(rgb[at]! + (mover.colour[c]! * light - rgb[at]!) * coverage);
    }
  });
}

/** The pixels of which a mover covers half or more: uint8 [height, width], 0 or 1. */
export function maskOf(width: number, height: number, mover: Mover, pose: Pose): Uint8Array {
  const mask = new Uint8Array(width * height);
  forPixels(width, height, mover, pose, (pixel, coverage) => {
    if (coverage >= 0.5) mask[pixel] = 1;
  });
  return mask;
}

/** Visits the pixels that a mover touches, with the share covered and the place along its own first axis in pixels. */
function forPixels(
  width: number,
  height: number,
  { shape, radius }: Mover,
  { x, y, angle }: Pose,
  visit: (pixel: number, coverage: number, across: number) => void,
): void {
  const cosine = cosineOfTurns(angle);
  const sine = sineOfTurns(angle);
  for (let py = Math.max(0, Math.floor(y - radius - 1)); py <= Math.min(height - 1, y + radius + 1); py++) {
    for (let px = Math.max(0, Math.floor(x - radius - 1)); px <= Math.min(width - 1, x + radius + 1); px++) {
      const across = (px - x) * cosine + (py - y) * sine;
      const along = (py - y) * cosine - (px - x) * sine;
      const coverage = clamp(0.5 - outside(shape, radius, across, along));
      if (coverage > 0) visit(py * width + px, coverage, across);
    }
  }
}

/** Pixels by which a point lies outside the outline; negative inside. */
function outside(shape: Mover['shape'], radius: number, across: number, along: number): number {
  if (shape === 'disc') return Math.sqrt(across * across + along * along) - radius;
  if (shape === 'square') return Math.max(Math.abs(across), Math.abs(along)) - radius * 0.7071067811865476;
  return Math.max(-across, 0.5 * across + 0.8660254037844386 * Math.abs(along)) - radius / 2;
}

function clamp(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}
