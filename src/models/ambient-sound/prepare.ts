import {
  ConfigError,
  rememberPicture,
  takeRoom,
  type PrepareContext,
  type PreparedSample,
  type Sample,
} from '../../core/index.js';
import type { audioClusterSample } from '../../mining/audio-clusters/sample.js';
import { decodeImage } from '../../vision/image-codec.js';
import { cropToSquare } from '../augment/crop-to-square.js';
import type { AmbientSoundConfig } from './config.js';

type AudioClusterRecord = Sample<typeof audioClusterSample>;

/**
 * One stored record and its labels → the frame, squeezed to a square, and what its sound is. While learning the part that is shown is drawn,
 * and whether it is mirrored; when testing it is the middle. Runs in the loader's workers.
 *
 * @returns `image` uint8 [imageSize, imageSize, 3] RGB; `label` int32 [], -1 where the sound is another source's; `bits` float32 [outputs] of 0
 * and 1 where they are the target; `weight` float32 [], 0 where the label is -1.
 * @throws ConfigError where the dataset has no labels, or more clusters than `outputs`.
 */
export async function prepare(
  sample: Sample,
  { config, random, mode, loader, labels }: Pick<PrepareContext, 'config' | 'random' | 'mode' | 'loader' | 'labels'>,
): Promise<PreparedSample> {
  const { key, fields } = sample as unknown as AudioClusterRecord;
  const { imageSize: size, crop, mirror, outputs, target, weighting } = config as AmbientSoundConfig;
  const [label, code, weight] = [labels?.['label'], labels?.['bits'], labels?.['weight']];
  if (typeof label !== 'number' || typeof code !== 'number' || typeof weight !== 'number')
    throw new ConfigError(`Sample ${key} has no cluster: the dataset was not finished.`, { context: { key } });
  if (target === 'clusters' && label >= outputs) {
    throw new ConfigError(
      `Sample ${key} is in cluster ${label}, and outputs is ${outputs}: set outputs to the clusters that the dataset was mined with.`,
      { context: { key, label, outputs } },
    );
  }
  const training = mode === 'train';
  const picture = await rememberPicture(loader, key, () => decodeImage(fields.image));
  const [width, height] = [picture.width * crop, picture.height * crop];
  const place = () => (training ? random.float() : 0.5);
  const box = { x: (picture.width - width) * place(), y: (picture.height - height) * place(), width, height };
  const mirrored = training && mirror && random.float() < 0.5;
  const out = takeRoom(loader, 'image', 'uint8', [size, size, 3]);
  cropToSquare(picture, { box, size, mirror: mirrored, out });
  const bits = Float32Array.from({ length: outputs }, (_, n) => (n < 30 ? (code >>> n) & 1 : 0));
  return {
    image: { data: out, dtype: 'uint8', shape: [size, size, 3] },
    label: { data: Int32Array.of(label), dtype: 'int32', shape: [] },
    ...(target === 'bits' ? { bits: { data: bits, dtype: 'float32' as const, shape: [outputs] } } : {}),
    weight: {
      data: Float32Array.of(label < 0 ? 0 : weighting === 'even' ? weight : 1),
      dtype: 'float32',
      shape: [],
    },
  };
}
