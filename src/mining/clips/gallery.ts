import { ptsToSeconds, type Sample } from '../../core/index.js';
import { decodeImage } from '../../vision/index.js';
import type { DrawnPicture } from '../abilities.js';
import type { clipSample } from './sample.js';

/** The clip, playing at its own rate. */
export async function drawClip(sample: Sample<typeof clipSample>): Promise<readonly DrawnPicture[]> {
  const { size, framesPerSecond, motion, group } = sample.fields;
  const [length = 0, height = 0, width = 0, channels = 0] = size;
  const pictures = await picturesOf(sample);
  const frames = pictures.map((picture) => (channels === 3 ? picture : spread(picture)));
  const { pts, timeBase } = sample.provenance;
  const from = ptsToSeconds(pts[0] ?? 0, timeBase).toFixed(2);
  const rate = Math.round(framesPerSecond * 100) / 100;
  const caption = `${length} frames of ${width}×${height} at ${rate} per second from ${from} s, motion ${motion.toFixed(2)}, ${group}`;
  return [{ frames, framesPerSecond, width, height, caption }];
}

/** Each frame, uint8 [height, width, channels]. */
async function picturesOf({ fields }: Sample<typeof clipSample>): Promise<readonly Uint8Array[]> {
  const { frames, images = [], size } = fields;
  const [length = 0, height = 0, width = 0, channels = 0] = size;
  const bytes = height * width * channels;
  if (frames) return Array.from({ length }, (_, i) => frames.data.slice(i * bytes, (i + 1) * bytes));
  const out: Uint8Array[] = [];
  for (const image of images) out.push((await decodeImage(image)).data);
  return out;
}

function spread(luma: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(3 * luma.length);
  luma.forEach((value, i) => rgb.fill(value, 3 * i, 3 * i + 3));
  return rgb;
}
