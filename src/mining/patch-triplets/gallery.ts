import { ptsToSeconds, type Box, type Frame, type Sample } from '../../core/index.js';
import { decodeImage } from '../../vision/index.js';
import type { DrawContext, DrawnCurve, DrawnPicture } from '../abilities.js';
import type { PatchTripletsConfig } from './config.js';
import type { patchTripletsSample } from './sample.js';

type TripletSample = Sample<typeof patchTripletsSample>;

const lineColor = [255, 196, 0] as const;
const pathColor = [80, 220, 255] as const;
const maxSide = 320;

/** The two patches, and where the video can be reached the track drawn over its frames; the curve is how sure the tracker is. */
export async function drawTrack(
  sample: TripletSample,
  { video, config }: DrawContext<PatchTripletsConfig>,
): Promise<{ readonly pictures: readonly DrawnPicture[]; readonly curve: DrawnCurve }> {
  const { fields, provenance } = sample;
  const { timeBase, pts } = provenance;
  const at = (time: number): number => ptsToSeconds(time, timeBase);
  const patches = await Promise.all(
    fields.patches.map(async (image, i) => {
      const { data, width, height } = await decodeImage(image);
      return { data, width, height, caption: `${i === 0 ? 'first' : 'last'} patch, ${at(pts[i] ?? 0).toFixed(2)} s` };
    }),
  );
  const pictures: DrawnPicture[] = [...patches];
  const times = Array.from(fields.trackPts, Number);
  if (video) {
    const frames: Uint8Array[] = [];
    let size: Pick<Frame, 'width' | 'height'> | null = null;
    const shown = new Map(times.map((time, i) => [time, i]));
    for await (const frame of video.framesOf({ startPts: times[0]!, endPts: times[times.length - 1]! }, maxSide)) {
      const i = shown.get(frame.pts);
      if (i === undefined) continue; // of a rate above the one that was mined
      size ??= { width: frame.width, height: frame.height };
      frames.push(drawBoxes(frame, fields.trackBoxes, i, fields.frameSize));
    }
    if (size) {
      const { framesPerSecond, movingPoints, points } = fields;
      pictures.push({ frames, framesPerSecond, ...size, caption: `track; ${movingPoints} of ${points} points move` });
    }
  }
  const curve: DrawnCurve = {
    seconds: times.slice(1).map(at),
    values: Array.from(fields.trackPsr),
    unit: `peak-to-sidelobe ratio, lost under ${config.leastPsr}`,
  };
  return { pictures, curve };
}

/** A frame with its box, and the way of the box's centre so far. */
function drawBoxes(frame: Frame, boxes: Float32Array, i: number, frameSize: Int32Array): Uint8Array {
  const rgb = frame.data.slice();
  const [sx, sy] = [frame.width / (frameSize[1] ?? 1), frame.height / (frameSize[0] ?? 1)];
  const boxAt = (k: number): Box => {
    const [x = 0, y = 0, width = 0, height = 0] = boxes.subarray(4 * k, 4 * k + 4);
    return { x: x * sx, y: y * sy, width: width * sx, height: height * sy };
  };
  const paint = (px: number, py: number, color: readonly number[]): void => {
    const [x, y] = [Math.floor(px), Math.floor(py)];
    if (x >= 0 && x < frame.width && y >= 0 && y < frame.height) rgb.set(color, 3 * (y * frame.width + x));
  };
  for (let k = 0; k <= i; k++) {
    const { x, y, width, height } = boxAt(k);
    for (const [dx, dy] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const)
      paint(x + width / 2 + dx, y + height / 2 + dy, pathColor);
  }
  const { x, y, width, height } = boxAt(i);
  for (let d = 0; d <= width; d++) {
    for (const inset of [0, 1]) {
      paint(x + d, y + inset, lineColor);
      paint(x + d, y + height - inset, lineColor);
    }
  }
  for (let d = 0; d <= height; d++) {
    for (const inset of [0, 1]) {
      paint(x + inset, y + d, lineColor);
      paint(x + width - inset, y + d, lineColor);
    }
  }
  return rgb;
}
