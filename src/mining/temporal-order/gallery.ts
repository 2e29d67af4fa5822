import { ptsToSeconds, type Sample } from '../../core/index.js';
import { decodeImage } from '../../vision/index.js';
import type { DrawnPicture } from '../define-miner.js';
import type { temporalOrderSample } from './sample.js';

const names = ['a: wrong middle', 'b: first', 'c: right middle', 'd: last', 'e: wrong middle'] as const;
const lineColor = [255, 196, 0] as const;

/** The frames of a sample in order, each with its role and time, and the most moving square drawn into it. */
export async function drawQuintuple(sample: Sample<typeof temporalOrderSample>): Promise<readonly DrawnPicture[]> {
  const { images, has, patch } = sample.fields;
  const { pts, timeBase } = sample.provenance;
  const roles = names.filter((_, i) => (i !== 0 || (has & 1) !== 0) && (i !== 4 || (has & 2) !== 0));
  return Promise.all(
    images.map(async (image, i) => {
      const { data, width, height, channels } = await decodeImage(image);
      const rgb =
        channels === 3
          ? new Uint8Array(data)
          : Uint8Array.from({ length: 3 * data.length }, (_, k) => data[Math.floor(k / 3)]!);
      outline(rgb, width, height, patch);
      const seconds = ptsToSeconds(pts[i] ?? 0, timeBase);
      return { data: rgb, width, height, caption: `${roles[i] ?? ''}, ${seconds.toFixed(2)} s` };
    }),
  );
}

function outline(
  rgb: Uint8Array,
  width: number,
  height: number,
  [left = 0, top = 0, wide = 0, high = 0]: Int32Array,
): void {
  const paint = (x: number, y: number): void => {
    if (x >= 0 && x < width && y >= 0 && y < height) rgb.set(lineColor, 3 * (y * width + x));
  };
  for (let x = left; x < left + wide; x++) {
    paint(x, top);
    paint(x, top + high - 1);
  }
  for (let y = top; y < top + high; y++) {
    paint(left, y);
    paint(left + wide - 1, y);
  }
}
