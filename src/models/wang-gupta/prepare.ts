import type { PrepareContext, PreparedSample, Sample } from '../../core/index.js';
import type { patchTripletsSample } from '../../mining/patch-triplets/sample.js';
import { decodeImage } from '../../vision/image-codec.js';
import { cropToSquare, type Picture } from '../augment/crop-to-square.js';
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
  { config, random, mode }: Pick<PrepareContext, 'config' | 'random' | 'mode'>,
): Promise<PreparedSample> {
  const { fields } = sample as unknown as PatchTripletsRecord;
  const { imageSize: size, crop, mirror } = config as WangGuptaConfig;
  const training = mode === 'train';
  const bytes = size * size * 3;
  const patches = new Uint8Array(2 * bytes);
  for (const [i, image] of fields.patches.entries()) {
    const picture: Picture = await decodeImage(image);
    const [width, height] = [picture.width * crop, picture.height * crop];
    const place = () => (training ? random.float() : 0.5);
    const box = { x: (picture.width - width) * place(), y: (picture.height - height) * place(), width, height };
    const mirrored = training && mirror && random.float() < 0.5;
    patches.set(cropToSquare(picture, { box, size, mirror: mirrored }), i * bytes);
  }
  const one = (value: number) => ({ data: Int32Array.of(value), dtype: 'int32', shape: [] }) as const;
  return {
    patches: { data: patches, dtype: 'uint8', shape: [2, size, size, 3] },
    label: one(fields.label),
    groupLabel: one(fields.groupLabel),
  };
}
