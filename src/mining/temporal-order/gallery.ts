import { ptsToSeconds, secondsToPts, type Sample } from '../../core/index.js';
import { decodeImage } from '../../vision/index.js';
import type { DrawContext, DrawnCurve, DrawnPicture } from '../abilities.js';
import type { TemporalOrderConfig } from './config.js';
import { measureMotion } from './motion.js';
import type { temporalOrderSample } from './sample.js';

const names = ['a: wrong middle', 'b: first', 'c: right middle', 'd: last', 'e: wrong middle'] as const;
const lineColor = [255, 196, 0] as const;
const aroundSeconds = 1.5;

type OrderSample = Sample<typeof temporalOrderSample>;

/**
 * The frames of a sample in order, each with its role and time, and the most moving square drawn into it; and where the
 * video can be reached, how much moves in the stretch around it, with the frames' places.
 */
export async function drawQuintuple(
  sample: OrderSample,
  context: DrawContext<TemporalOrderConfig>,
): Promise<{ readonly pictures: readonly DrawnPicture[]; readonly curve?: DrawnCurve }> {
  const { images, patch } = sample.fields;
  const roles = rolesOf(sample);
  const seconds = secondsOf(sample);
  const pictures = await Promise.all(
    images.map(async (image, i) => {
      const { data, width, height, channels } = await decodeImage(image);
      const rgb =
        channels === 3
          ? new Uint8Array(data)
          : Uint8Array.from({ length: 3 * data.length }, (_, k) => data[Math.floor(k / 3)]!);
      outline(rgb, width, height, patch);
      return { data: rgb, width, height, caption: `${names[roles[i]!]}, ${seconds[i]!.toFixed(2)} s` };
    }),
  );
  const curve = await drawCurve(sample, context);
  return curve ? { pictures, curve } : { pictures };
}

/** The motion curve as the miner measures it, over the sample and a little before and after it in its shot. */
async function drawCurve(
  sample: OrderSample,
  { config, video }: DrawContext<TemporalOrderConfig>,
): Promise<DrawnCurve | null> {
  const { pts, timeBase, shot: index } = sample.provenance;
  const shot = video?.source.shots.find((each) => each.index === index);
  if (!video || !shot) return null;
  const around = secondsToPts(aroundSeconds, timeBase);
  const span = {
    startPts: Math.max(shot.startPts, pts[0]! - around),
    endPts: Math.min(shot.endPts - 1, pts.at(-1)! + around),
  };
  const frames = video.framesOf(span, config.flowWidth, 1);
  const motion = await measureMotion(frames, timeBase, config, new AbortController().signal);
  const at = (time: number): number => ptsToSeconds(time, timeBase);
  const seconds = secondsOf(sample);
  return {
    seconds: Array.from(motion.pts.subarray(0, motion.curve.length), at),
    values: Array.from(motion.curve),
    unit: `px per frame at ${config.motionWidth} px width`,
    window: [seconds[0]!, seconds.at(-1)!],
    marks: rolesOf(sample).map((role, i) => ({ label: 'abcde'[role]!, seconds: seconds[i]! })),
  };
}

/** Which of a to e each stored picture is: 0 to 4. */
function rolesOf({ fields: { has } }: OrderSample): readonly number[] {
  return [0, 1, 2, 3, 4].filter((role) => (role !== 0 || (has & 1) !== 0) && (role !== 4 || (has & 2) !== 0));
}

function secondsOf({ provenance: { pts, timeBase } }: OrderSample): readonly number[] {
  return pts.map((time) => ptsToSeconds(time, timeBase));
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
