import {
  rememberPicture,
  takeRoom,
  type Box,
  type PrepareContext,
  type PreparedSample,
  type Random,
  type Sample,
} from '../../core/index.js';
import type { motionMasksSample } from '../../mining/motion-masks/sample.js';
import { decodeImage } from '../../vision/image-codec.js';
import type { ColourMatrix } from '../augment/crop-to-square.js';
import { cropToWindow } from '../augment/crop-to-window.js';
import type { MotionSegmentationConfig } from './config.js';
import { cutMask } from './mask-window.js';

type MotionMasksRecord = Sample<typeof motionMasksSample>;

/**
 * One stored record → a square window around the thing and the mask in it. The thing is as large in it as `objectShare` says; while
 * learning, size and place are drawn anew, for else the network learns the middle of the picture. What lies outside the picture is grey, and unknown.
 *
 * @returns `image` uint8 [imageSize, imageSize, 3]; `target` and `weight` uint8 [maskSize, maskSize] of 0 and 1.
 *
 * Source: the sampling of Pinheiro et al., "Learning to Segment Object Candidates", 2015, section 3.
 */
export async function prepare(
  sample: Sample,
  { config, random, mode, loader }: Pick<PrepareContext, 'config' | 'random' | 'mode' | 'loader'>,
): Promise<PreparedSample> {
  const { key, fields } = sample as unknown as MotionMasksRecord;
  const settings = config as MotionSegmentationConfig;
  const { imageSize, maskSize, mirror, ignoreUnknown } = settings;
  const picture = await rememberPicture(loader, `${key}/image`, () => decodeImage(fields.image));
  const mask = await rememberPicture(loader, `${key}/mask`, () => decodeImage(fields.mask));
  const draw = mode === 'train' ? random : null;
  const window = placeWindow(fields.box, settings, draw);
  const mirrored = draw !== null && mirror && draw.float() < 0.5;
  const colour = draw && settings.jitterColour > 0 ? drawColour(settings.jitterColour, draw) : null;
  const image = takeRoom(loader, 'image', 'uint8', [imageSize, imageSize, 3]);
  cropToWindow(picture, { window, size: imageSize, mirror: mirrored, colour, out: image });
  const target = takeRoom(loader, 'target', 'uint8', [maskSize, maskSize]);
  const weight = takeRoom(loader, 'weight', 'uint8', [maskSize, maskSize]);
  cutMask(mask, window, { size: maskSize, mirror: mirrored, ignoreUnknown, target, weight });
  return {
    image: { data: image, dtype: 'uint8', shape: [imageSize, imageSize, 3] },
    target: { data: target, dtype: 'uint8', shape: [maskSize, maskSize] },
    weight: { data: weight, dtype: 'uint8', shape: [maskSize, maskSize] },
  };
}

/** The square around a thing, pixels of the picture; it may reach beyond it. */
export function placeWindow(
  [x = 0, y = 0, width = 1, height = 1]: Float32Array,
  { objectShare, jitterScale, jitterShift }: MotionSegmentationConfig,
  random: Random | null,
): Box {
  const between = (reach: number) => (random ? (2 * random.float() - 1) * reach : 0);
  const side = (Math.max(width, height) / objectShare) * Math.exp(Math.LN2 * between(jitterScale));
  const centreX = x + width / 2 + between(jitterShift) * side;
  const centreY = y + height / 2 + between(jitterShift) * side;
  return { x: centreX - side / 2, y: centreY - side / 2, width: side, height: side };
}

/** Brightness and contrast, each up to this share more or less. */
function drawColour(reach: number, random: Random): ColourMatrix {
  const contrast = 1 + (2 * random.float() - 1) * reach;
  const light = 128 * (2 * random.float() - 1) * reach;
  const tint = () => 1 + (2 * random.float() - 1) * (reach / 3);
  const offset = 128 - 128 * contrast + light;
  const [r, g, b] = [tint(), tint(), tint()];
  return [contrast * r, 0, 0, offset, 0, contrast * g, 0, offset, 0, 0, contrast * b, offset];
}
