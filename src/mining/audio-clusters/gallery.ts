import { cochleaRateHz, drawSpectrogram, encodeWave, fromHalf } from '../../audio/index.js';
import type { Sample } from '../../core/index.js';
import { decodeImage } from '../../vision/index.js';
import type { DrawContext, DrawnPicture } from '../abilities.js';
import type { AudioClustersConfig } from './config.js';
import type { audioClusterSample } from './sample.js';

/** The frame, and the sound around it, to be heard, with its spectrogram; the sound is read again where the dataset does not keep it. */
export async function drawSound(
  sample: Sample<typeof audioClusterSample>,
  { video, labels }: DrawContext<AudioClustersConfig>,
): Promise<readonly DrawnPicture[]> {
  const { image, window, audio } = sample.fields;
  const [start = 0, end = 0] = window;
  const { data, width, height } = await decodeImage(image);
  const cluster = labels ? clusterName(labels) : 'no cluster';
  const frame = { data: new Uint8Array(data), width, height, caption: cluster };
  const sound = audio ? fromHalf(audio) : ((await video?.sound(start, end, cochleaRateHz)) ?? null);
  if (!sound) return [frame];
  const spectrogram = drawSpectrogram(sound, cochleaRateHz);
  const caption = `${cluster}: ${start.toFixed(2)} to ${end.toFixed(2)} s, 20 Hz to 10 kHz`;
  return [frame, { ...spectrogram, caption, wave: encodeWave(sound, cochleaRateHz) }];
}

function clusterName(labels: Readonly<Record<string, number | string>>): string {
  const label = labels['label'];
  return label === -1 ? 'a track that another source has' : `cluster ${label}`;
}
