import { z } from 'zod';

const share = () => z.number().min(0).max(1);

/** Settings of the stereo-pairs miner. Offsets are pixels of an eye 480 wide, disparities shares of the eye's width. */
export const stereoPairsConfig = z.strictObject({
  pairsPerSecond: z.number().positive().default(2).describe('Most pairs of a second.'),
  pairsPerHour: z.number().positive().default(200).describe('Most pairs of an hour of a video, spread evenly.'),
  leastBudget: z.int().positive().default(24).describe('So many pairs a video may give, however short it is.'),
  longSide: z
    .int()
    .min(32)
    .max(4096)
    .default(432)
    .describe('Longer side of the stored eyes, in pixels; never enlarged.'),
  format: z.enum(['jpeg', 'webp', 'png']).default('jpeg').describe('How the eyes are stored; png keeps every value.'),
  quality: z
    .int()
    .min(1)
    .max(100)
    .default(95)
    .describe('Quality of jpeg and webp: their error is part of what a model is asked for.'),
  keepBlocks: z.boolean().default(false).describe('Store the matched blocks, too.'),
  cutMargin: z
    .number()
    .nonnegative()
    .default(0.5)
    .describe('Seconds left out on both sides of a cut, where shots may be mixed.'),
  agreeing: share().default(0.7).describe('Share of the usable frames that must show one layout.'),
  rivals: share().default(0.1).describe('Share of them that may show another.'),
  orderAgreement: share()
    .default(0.8)
    .describe('Share of the votes that must say which eye comes first; 0 takes every source, in the order voted for.'),
  anaglyph: z
    .enum(['reject', 'gray'])
    .default('reject')
    .describe('What becomes of anaglyphs: gray stores the two colours as luma eyes, and flags them.'),
  darkest: z.number().min(0).max(255).default(16).describe('Least mean luma.'),
  stillDifference: z
    .number()
    .nonnegative()
    .default(0.5)
    .describe('A pair must differ from the last one by so many levels on average.'),
  mostOffset: z
    .number()
    .nonnegative()
    .default(1)
    .describe('Most vertical offset of the eyes: of their median, and of nine in ten blocks from it.'),
  mendOffset: z
    .number()
    .nonnegative()
    .max(6)
    .default(0)
    .describe('Up to this vertical offset the eyes are shifted to meet instead of refused; 0: never.'),
  mostTilt: z.number().nonnegative().default(2).describe('Most change of the vertical offset across the picture.'),
  leastMatched: share().default(0.6).describe('Least share of the textured blocks that are found in the other eye.'),
  mostDisparity: z
    .number()
    .gt(0)
    .max(0.06)
    .default(0.05)
    .describe('Where the 5th and 95th percentile of the disparity must lie, either way.'),
  leastRange: z
    .number()
    .nonnegative()
    .default(0.004)
    .describe('Least difference of these percentiles: below it there is no depth.'),
  mostColourGap: z.number().nonnegative().default(8).describe("Most difference of the eyes' channel means, 0 to 255."),
  mostContrastRatio: z
    .number()
    .min(1)
    .default(1.25)
    .describe("Most ratio of the eyes' channel deviations, either way."),
  mostSharpnessRatio: z.number().min(1).default(2).describe("Most ratio of the eyes' sharpness, either way."),
  syncMargin: z
    .number()
    .nonnegative()
    .default(0.015)
    .describe('The other eye of the frame before or after may correlate better by at most this.'),
  mostIgnored: share().default(0.1).describe('Most of the picture that logos and subtitles may cover.'),
  estimateNear: z.number().min(0).max(0.5).default(0.2).describe('Nearest disparity that `estimate` looks for.'),
  estimateFar: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.05)
    .describe('Farthest disparity behind the screen that `estimate` looks for.'),
});

/** Checked settings of the stereo-pairs miner. */
export type StereoPairsConfig = z.infer<typeof stereoPairsConfig>;
