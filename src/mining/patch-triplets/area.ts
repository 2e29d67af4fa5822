import type { Box, Frame, Shot, VideoSource } from '../../core/index.js';

/** The part of a mined frame that shows the scene, and how large a pixel of it is. */
export interface SceneArea {
  /** Inside the letterbox, in pixels of the frame. */
  readonly box: Box;
  /** Frame pixels that one pixel of a picture with a short side of 448 becomes. */
  readonly unit: number;
  /** Display pixels of the source over pixels of the frame, along x and y. */
  readonly toDisplay: readonly [x: number, y: number];
}

/** Short side of the pictures for which lengths are stated. */
export const referenceSide = 448;

/** The scene of a shot's frames. */
export function sceneArea({ video }: VideoSource, { crop }: Shot, { width, height }: Frame): SceneArea {
  const [sx, sy] = [width / video.width, height / video.height];
  const box = crop
    ? { x: crop.x * sx, y: crop.y * sy, width: crop.width * sx, height: crop.height * sy }
    : { x: 0, y: 0, width, height };
  return { box, unit: Math.min(box.width, box.height) / referenceSide, toDisplay: [1 / sx, 1 / sy] };
}

/** Share of a box that lies inside an area. */
export function insideShare(box: Box, area: Box): number {
  const width = Math.min(box.x + box.width, area.x + area.width) - Math.max(box.x, area.x);
  const height = Math.min(box.y + box.height, area.y + area.height) - Math.max(box.y, area.y);
  return (Math.max(0, width) * Math.max(0, height)) / (box.width * box.height);
}
