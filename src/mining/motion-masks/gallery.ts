import { ptsToSeconds, type Sample } from '../../core/index.js';
import { decodeImage } from '../../vision/index.js';
import type { DrawnPicture } from '../abilities.js';
import { maskLevels } from './mask.js';
import type { motionMasksSample } from './sample.js';

const foregroundTint = [255, 60, 60] as const;
const unknownTint = [255, 220, 60] as const;

/** The picture of a sample, and beside it the same with its mask laid over: red what moves, yellow what is unknown. */
export async function drawMask({
  fields,
  provenance: { pts, timeBase },
}: Sample<typeof motionMasksSample>): Promise<readonly DrawnPicture[]> {
  const picture = await decodeImage(fields.image);
  const mask = await decodeImage(fields.mask);
  const { data, width, height } = picture;
  const over = data.slice();
  for (let i = 0; i < mask.data.length; i++) {
    const level = mask.data[i]!;
    if (level === maskLevels.background) continue;
    const tint = level === maskLevels.foreground ? foregroundTint : unknownTint;
    for (let c = 0; c < 3; c++) over[3 * i + c] = (data[3 * i + c]! + tint[c]!) >> 1;
  }
  const seconds = ptsToSeconds(pts[0] ?? 0, timeBase).toFixed(2);
  const { agreement, stability, area } = fields;
  return [
    { data, width, height, caption: `frame ${fields.frame}, ${seconds} s` },
    {
      data: over,
      width,
      height,
      caption: `${(100 * area).toFixed(0)} % moves; agreement ${agreement.toFixed(2)}, stability ${stability.toFixed(2)}`,
    },
  ];
}
