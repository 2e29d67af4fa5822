import type { EncodedImage, Sample } from '../../core/index.js';
import { decodeImage, matchStereo } from '../../vision/index.js';
import type { DrawnPicture } from '../abilities.js';
import { lumaOf, mixChannels, scaleTo, type Picture } from './layout.js';
import type { stereoPairsSample } from './sample.js';

const drawnWidth = 320;

/** The pair for red and cyan glasses, its disparity, and the eyes in turn. */
export async function drawPair({ fields }: Sample<typeof stereoPairsSample>): Promise<readonly DrawnPicture[]> {
  const { layout, eyeOrder, eyeOrderConfidence, disparity, matchShare } = fields;
  const [left, right] = [await openEye(fields.left), await openEye(fields.right)];
  const { width, height } = left;
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  const order = `${layout}, ${eyeOrder} (${percent(eyeOrderConfidence)} of the votes)`;
  const ignore = fields.ignore ? await decodeImage(fields.ignore) : null;
  const range = `${percent(disparity[0]!)} to ${percent(disparity[4]!)} of the width`;
  return [
    { data: mixEyes(left, right), width, height, caption: `${order}; for red and cyan glasses` },
    {
      ...drawDisparity(left, right, ignore && fitMask(ignore, left)),
      caption: `disparity ${range}, light is near; ${percent(matchShare)} of the blocks found${ignore ? ', red: logo' : ''}`,
    },
    { frames: [left.data, right.data], framesPerSecond: 2, width, height, caption: 'left and right in turn' },
  ];
}

async function openEye(image: EncodedImage): Promise<Picture> {
  const eye = await decodeImage(image);
  const wide: Picture =
    eye.channels === 3
      ? eye
      : {
          ...eye,
          data: Uint8Array.from({ length: 3 * eye.data.length }, (_, i) => eye.data[Math.floor(i / 3)]!),
          channels: 3,
        };
  const width = Math.min(drawnWidth, wide.width);
  return scaleTo(wide, width, Math.round((width * wide.height) / wide.width));
}

/** The left eye's brightness in red, the right one's in green and blue. */
function mixEyes(left: Picture, right: Picture): Uint8Array {
  const [a, b] = [mixChannels(left, [1, 1, 1]).data, mixChannels(right, [1, 1, 1]).data];
  return Uint8Array.from({ length: left.data.length }, (_, i) => (i % 3 === 0 ? a : b)[Math.floor(i / 3)]!);
}

function drawDisparity(left: Picture, right: Picture, ignore: Uint8Array | null) {
  const { width, height } = left;
  const most = Math.round(0.07 * width);
  const found = matchStereo(lumaOf(left).data, lumaOf(right).data, width, height, { range: [-most, most] });
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < found.length; i++) {
    if (ignore?.[i]) data[3 * i] = 200;
    else if (!Number.isNaN(found[i]!)) {
      const level = Math.round(Math.min(255, Math.max(24, 128 + (found[i]! / (0.05 * width)) * 127)));
      data.fill(level, 3 * i, 3 * i + 3);
    }
  }
  return { data, width, height };
}

function fitMask(mask: Omit<Picture, 'channels'>, { width, height }: Picture): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return mask.data[Math.floor((y * mask.height) / height) * mask.width + Math.floor((x * mask.width) / width)]!;
  });
}
