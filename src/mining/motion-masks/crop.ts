import type { Box, Frame, Shot, VideoSource } from '../../core/index.js';

/** The scene of a frame without its letterbox, whole pixels of the frame; null: all of it. */
export function scaledCrop({ video }: VideoSource, { crop }: Shot, { width, height }: Frame): Box | null {
  if (!crop) return null;
  const [sx, sy] = [width / video.width, height / video.height];
  const [left, top] = [Math.ceil(crop.x * sx), Math.ceil(crop.y * sy)];
  const right = Math.min(width, Math.floor((crop.x + crop.width) * sx));
  const bottom = Math.min(height, Math.floor((crop.y + crop.height) * sy));
  const isWhole = left === 0 && top === 0 && right === width && bottom === height;
  return isWhole || right - left < 32 || bottom - top < 32
    ? null
    : { x: left, y: top, width: right - left, height: bottom - top };
}

/** A part of an RGB frame; the frame itself for null. */
export function cropFrame(frame: Frame, box: Box | null): Frame {
  if (!box) return frame;
  const data = new Uint8Array(3 * box.width * box.height);
  for (let y = 0; y < box.height; y++) {
    const from = 3 * ((box.y + y) * frame.width + box.x);
    data.set(frame.data.subarray(from, from + 3 * box.width), 3 * y * box.width);
  }
  return { ...frame, data, width: box.width, height: box.height };
}
