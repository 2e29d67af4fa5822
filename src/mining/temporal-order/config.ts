import { z } from 'zod';

/** Settings of the temporal-order miner. Distances are in frames at `tauRate`, so that they mean the same time in every video. */
export const temporalOrderConfig = z.strictObject({
  policy: z
    .enum(['exact', 'one-sided', 'relative'])
    .default('relative')
    .describe(
      'What to do with a shot shorter than tauMax + 2 tauMin: skip it, leave out a or e, or scale the distances to fit.',
    ),
  tauMax: z.int().min(4).default(60).describe('Largest distance of the outer frames b and d, in frames at tauRate.'),
  tauMin: z.int().min(2).default(15).describe('Smallest distance of a to b and d to e, in frames at tauRate.'),
  tauRate: z.number().positive().default(25).describe('Frames per second in which distances are counted.'),
  exactGaps: z
    .boolean()
    .default(false)
    .describe('Distances are exactly tauMax and tauMin, instead of tauMax/2 to tauMax and tauMin to 2 tauMin.'),
  quintuplesPerVideo: z
    .int()
    .positive()
    .default(16)
    .describe('Most samples of one video, shared among its shots by their length; each gives six tuples.'),
  windowStep: z
    .int()
    .positive()
    .default(3)
    .describe('Distance of the starts of neighbouring windows, in frames at tauRate.'),
  drawsPerQuintuple: z
    .int()
    .positive()
    .default(16)
    .describe('Windows drawn for each sample wanted, before giving up on those that are refused.'),
  cropBars: z
    .boolean()
    .default(true)
    .describe("Pictures are what lies inside the bars of a shot's letterbox or pillarbox."),
  flowWidth: z.int().min(16).default(160).describe('Pictures for optical flow fit into this width, in pixels.'),
  flowHeight: z.int().min(16).default(120).describe('Pictures for optical flow fit into this height, in pixels.'),
  flowStride: z.int().positive().default(1).describe('Flow is measured over so many frames; 2 halves its cost.'),
  motionKind: z
    .enum(['raw', 'median-subtracted'])
    .default('raw')
    .describe('Magnitude of the flow, or of its difference to the median flow, which a moving camera causes.'),
  motionWidth: z.int().positive().default(340).describe('Motion is stated for a picture of this width, in pixels.'),
  motionFloor: z
    .number()
    .nonnegative()
    .default(0.1)
    .describe('Windows that move less on average are refused; pixels per frame at motionWidth.'),
  floorPercentile: z
    .number()
    .min(0)
    .max(100)
    .default(20)
    .describe('Windows under this percentile of their shot are refused, too.'),
  stillSeconds: z
    .number()
    .nonnegative()
    .default(0.4)
    .describe('No window reaches into a passage at least this long in which no frame reaches motionFloor; seconds.'),
  cutDifference: z
    .number()
    .nonnegative()
    .default(30)
    .describe('A jump of mean luma difference above this, 0 to 255, may be a cut that the manifest lacks.'),
  cutRatio: z
    .number()
    .min(1)
    .default(4)
    .describe('It is a cut if it is also this many times the median of its neighbours.'),
  lookalikeMsd: z
    .number()
    .nonnegative()
    .default(100)
    .describe('Mean squared RGB difference at 32×32 that c must have from a and from e, at least.'),
  duplicateMsd: z
    .number()
    .nonnegative()
    .default(4)
    .describe('Frames that differ by less than this are the same picture; mean squared RGB difference at 32×32.'),
  fadeLuma: z
    .number()
    .nonnegative()
    .default(20)
    .describe('Five frames whose mean luma only rises, or only falls, by more than this in all are a fade.'),
  imageWidth: z.int().min(16).default(256).describe('Stored width, in pixels; the aspect is not kept.'),
  imageHeight: z.int().min(16).default(256).describe('Stored height, in pixels.'),
  jpegQuality: z.int().min(1).max(100).default(92).describe('JPEG quality of the stored pictures.'),
});

/** Checked settings of the temporal-order miner. */
export type TemporalOrderConfig = z.infer<typeof temporalOrderConfig>;
