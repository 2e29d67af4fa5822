import { rememberPicture, takeRoom, type PrepareContext, type PreparedSample, type Sample } from '../../core/index.js';
import type { patchTripletsSample } from '../../mining/patch-triplets/sample.js';
import { decodeImage } from '../../vision/image-codec.js';
import { cropToSquare } from '../augment/crop-to-square.js';
import type { WangGuptaConfig } from './config.js';

type PatchTripletsRecord = Sample<typeof patchTripletsSample>;

/**
 * One stored record → its two patches, the first and the last of the track. While learning, each is mirrored and placed by itself, as the
 * released data layer works picture by picture; when testing nothing is drawn. Runs in the loader's workers.
 *
 * @returns `patches` uint8 [2, imageSize, imageSize, 3] RGB, `label` and `groupLabel` int32 []: a negative has other ones.
 */
export async function prepare(
  sample: Sample,
  { config, random, mode, loader }: Pick<PrepareContext, 'config' | 'random' | 'mode' | 'loader'>,
): Promise<PreparedSample> {
  const { key, fields } = sample as unknown as PatchTripletsRecord;
  const { imageSize: size, crop, mirror } = config as WangGuptaConfig;
  const training = mode === 'train';
  const bytes = size * size * 3;
  const shape = [2, size, size, 3];
  const patches = takeRoom(loader, 'patches', 'uint8', shape);
  for (const [i, image] of fields.patches.entries()) {
    const picture = await rememberPicture(loader, `${key}/${i}`, () => decodeImage(image));
    const [width, height] = [picture.width * crop, picture.height * crop];
    const place = () => (training ? random.float() : 0.5);
    const box = { x: (picture.width - width) * place(), y: (picture.height - height) * place(), width, height };
    const mirrored = training && mirror && random.float() < 0.5;
    const out = patches.subarray(i * bytes, (i + 1) * bytes);
    cropToSquare(picture, { box, size, mirror: mirrored, out });
  }
  const one = (value: number) => ({ data: Int32Array.of(value), dtype: 'int32', shape: [] }) as const;
  return {
    patches: { data: patches, dtype: 'uint8', shape },
    label: one(fields.label),
    groupLabel: one(fields.groupLabel),
  };
}
