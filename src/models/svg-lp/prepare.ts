import { ConfigError, type PrepareContext, type PreparedSample, type Sample } from '../../core/index.js';
import type { clipSample } from '../../mining/clips/sample.js';
import { decodeImage, resizeRgb } from '../../vision/index.js';
import { readClip } from '../augment/read-clip.js';
import type { SvgLpConfig } from './config.js';
import { planModel } from './plan.js';

/**
 * One stored clip → the stretch of it that this batch shows: from anywhere while training, unless `start` is `first`, and from its
 * first frame when testing. Frames of another size are cut to their middle square and scaled. Runs in the loader's workers.
 *
 * @returns `frames` uint8 [observes + predicts, imageSize, imageSize, channels].
 * @throws ConfigError if the clip is shorter than that.
 */
export async function prepare(
  sample: Sample,
  { config, random, mode }: Pick<PrepareContext, 'config' | 'random' | 'mode'>,
): Promise<PreparedSample> {
  const { observes, predicts, imageSize: size, channels, start } = planModel(config as SvgLpConfig);
  const { fields, key } = sample as unknown as Sample<typeof clipSample>;
  const frames = observes + predicts;
  const length = fields.size[0]!;
  if (length < frames)
    throw new ConfigError(
      `Clip ${key} has ${length} frames, observes and predicts are ${observes} + ${predicts}: mine longer clips (--set length=${frames}), or set fewer.`,
      { context: { key, length, observes, predicts } },
    );
  const data = await readClip(
    sample,
    { frames, width: size, height: size, channels, movesCut: false, mirrors: false },
    { decode: decodeImage, resize: resizeRgb, random: mode === 'train' && start === 'random' ? random : null },
  );
  return { frames: { data, dtype: 'uint8', shape: [frames, size, size, channels] } };
}
