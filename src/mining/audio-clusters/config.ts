import { z } from 'zod';
import { cochleaRateHz } from '../../audio/index.js';

/** Settings of the audio-clusters miner. */
export const audioClustersConfig = z.strictObject({
  windowSeconds: z
    .number()
    .refine(
      isUsable,
      'It must be a multiple of 0.005 from 0.3 to 60 whose number of samples has no prime factor above 5.',
    )
    .default(3.75)
    .describe('Length of the sound around a frame, in seconds.'),
  framesPerSource: z
    .int()
    .positive()
    .default(10)
    .describe('Most frames of a video: one from each of so many equal parts, so that windows do not overlap.'),
  shiftSeconds: z
    .number()
    .nonnegative()
    .default(1)
    .describe('A window that reaches beyond the sound is moved inside by up to so many seconds, else refused.'),
  level: z
    .number()
    .positive()
    .nullable()
    .default(0.05)
    .describe('Root of the mean square to which each window is scaled first; null: as loud as it is.'),
  normalize: z
    .boolean()
    .default(true)
    .describe('Divides the envelopes by the loudness, which becomes the last of the 502 numbers; else that is 0.'),
  taperSeconds: z
    .number()
    .nonnegative()
    .max(0.1)
    .default(0.02)
    .describe('Over which both ends of a window fade, in seconds: the filters go round.'),
  silenceDb: z.number().negative().default(-60).describe('What is softer is silent, dB below full scale.'),
  silentShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('A window is refused if more than this share of its 50 ms frames is silent.'),
  clippedShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe('A window is refused if more than this share of its samples is at full scale.'),
  leastSpread: z
    .number()
    .nonnegative()
    .default(0.01)
    .describe('A window is refused as constant if no envelope spreads more, beside its mean.'),
  cancelDb: z
    .number()
    .positive()
    .default(20)
    .describe('A window is refused if its mono mix is so many dB softer than its louder channel.'),
  refuseMusic: z.boolean().default(false).describe('Refuses windows that pulse and are harmonic.'),
  musicPulse: z.number().min(0).max(1).default(0.3).describe('Least pulse of what counts as music.'),
  musicHarmonic: z.number().min(0).max(1).default(0.5).describe('Least harmonic share of what counts as music.'),
  refuseSpeech: z.boolean().default(false).describe('Refuses windows that have the pace of speech.'),
  speechSyllabic: z.number().min(0).max(1).default(0.4).describe('Least syllabic share of what counts as speech.'),
  darkLuma: z.number().nonnegative().default(8).describe('A frame whose mean brightness is below is dark, 0 to 255.'),
  stillDifference: z
    .number()
    .nonnegative()
    .default(0.5)
    .describe('A picture that changes less from one look to the next over the window stands still; levels of 255.'),
  looksPerSecond: z.number().positive().default(5).describe('How often the picture is looked at for that.'),
  keepAudio: z.boolean().default(false).describe('Stores the sound of each window with its record, half precision.'),
  imageSide: z.int().min(32).default(256).describe('Short side of the stored frame of a wide picture, in pixels.'),
  cropBars: z
    .boolean()
    .default(true)
    .describe("Pictures are what lies inside the bars of a shot's letterbox or pillarbox."),
  jpegQuality: z.int().min(1).max(100).default(92).describe('JPEG quality of the stored frame.'),
  groupPattern: z
    .string()
    .nullable()
    .default(null)
    .describe("Regular expression; what it finds in a source's path is the sample's group, such as who uploaded it."),
  codebook: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'Folder of a dataset (or its artefacts.safetensors) by whose clusters this one is labelled; null: they are learned here.',
    ),
  features: z
    .enum(['all', 'spectrum'])
    .default('all')
    .describe('Which numbers are clustered: all 502, or the 32 means alone.'),
  clusters: z.int().min(1).max(1024).default(30).describe('Clusters, if there are as many different windows.'),
  bits: z.int().min(1).max(30).default(30).describe('Bits of the binary code: signs of principal components.'),
  restarts: z.int().positive().default(10).describe('Beginnings of the clustering; the best is kept.'),
  rounds: z.int().positive().default(100).describe('Most rounds of each.'),
  tolerance: z.number().nonnegative().default(1e-4).describe('Relative change of the inertia that ends a clustering.'),
  fitPerSource: z.int().positive().default(3).describe('Most windows of a source that clusters are learned from.'),
  fitWindows: z.int().positive().default(100_000).describe('Most windows in all that clusters are learned from.'),
  duplicateDistance: z
    .number()
    .nonnegative()
    .default(1e-3)
    .describe(
      'Windows of two sources whose numbers are nearer are one track, used again; the later one gets no label.',
    ),
});

/** Checked settings of the audio-clusters miner. */
export type AudioClustersConfig = z.infer<typeof audioClustersConfig>;

function isUsable(seconds: number): boolean {
  const samples = Math.round(seconds * cochleaRateHz);
  if (Math.abs(samples - seconds * cochleaRateHz) > 1e-6 || samples % 100 !== 0) return false;
  if (samples < 6000 || samples > 60 * cochleaRateHz) return false;
  let rest = samples;
  for (const prime of [2, 3, 5]) while (rest % prime === 0) rest /= prime;
  return rest === 1;
}
