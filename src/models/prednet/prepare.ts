import type { PrepareContext, PreparedSample, Sample } from '../../core/index.js';
import { decodeImage, resizeRgb } from '../../vision/index.js';
import { readClip } from '../augment/read-clip.js';
import type { PredNetConfig } from './config.js';

/**
 * One stored clip → as many of its frames as the network takes. While learning they start anywhere in it, as in the paper; when testing
 * at its first frame. Runs in the loader's workers.
 *
 * @returns `frames` uint8 [frames, height, width, channels].
 */
export async function prepare(
  sample: Sample,
  { config, random, mode }: Pick<PrepareContext, 'config' | 'random' | 'mode'>,
): Promise<PreparedSample> {
  const { frames, width, height, channels, crop, mirror } = config as PredNetConfig;
  const data = await readClip(
    sample,
    { frames, width, height, channels, movesCut: crop === 'random', mirrors: mirror },
    { decode: decodeImage, resize: resizeRgb, random: mode === 'train' ? random : null },
  );
  return { frames: { data, dtype: 'uint8', shape: [frames, height, width, channels] } };
}
