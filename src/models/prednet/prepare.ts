import type { PrepareContext, PreparedSample, Random, Sample } from '../../core/index.js';
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
  const { frames, width, height, channels, crop, mirror, zoom, exposure, still } = config as PredNetConfig;
  const learns = mode === 'train';
  const data = await readClip(
    sample,
    { frames, width, height, channels, movesCut: crop === 'random', mirrors: mirror, zoom },
    { decode: decodeImage, resize: resizeRgb, random: learns ? random : null },
  );
  if (learns && exposure > 0) expose(data, exposure, random);
  if (learns && still > 0 && random.float() < still) halt(data, random.int(frames), frames);
  return { frames: { data, dtype: 'uint8', shape: [frames, height, width, channels] } };
}

/** Changes contrast and brightness of a whole clip, in place: levels spread around the middle by 1 ± `most`, and shifted by up to half of that share of all levels. */
function expose(data: Uint8Array, most: number, random: Random): void {
  const draw = () => most * (2 * random.float() - 1);
  const [contrast, shift] = [1 + draw(), 127.5 + 127.5 * draw()];
  const levels = Uint8ClampedArray.from({ length: 256 }, (_, level) => (level - 127.5) * contrast + shift);
  for (let i = 0; i < data.length; i++) data[i] = levels[data[i]!]!;
}

/** Shows one frame of a clip all the time, in place. */
function halt(data: Uint8Array, shown: number, frames: number): void {
  const one = data.length / frames;
  const frame = data.slice(shown * one, (shown + 1) * one);
  for (let t = 0; t < frames; t++) data.set(frame, t * one);
}
