import { z } from 'zod';

const share = z.number().min(0).max(1);

/** Rules of a corpus: what was measured is judged by them, and nothing is decoded again when they change. */
export const cleaningConfig = z.strictObject({
  scoreOnly: z.boolean().default(false).describe('Scores are recorded; no rule drops a video or marks a shot.'),
  maxBlack: share.default(1).describe('A larger share of black frames sends a video to the ledger as black; 1: none.'),
  maxSlideshow: share
    .default(1)
    .describe('A larger share of time in still pictures sends a video to the ledger as slideshow; 1: none.'),
  minMotion: z
    .number()
    .nonnegative()
    .default(0)
    .describe('Mean luma difference of neighbouring frames, 0–255; less sends a video to the ledger as little-motion.'),
  maxTalkingHead: share
    .default(1)
    .describe('A higher talking-head score sends a video to the ledger as talking-head; 1: none.'),
  maxOverlay: share
    .default(1)
    .describe(
      'A larger share of the picture under logos and subtitles sends a video to the ledger as overlay; 1: none.',
    ),
  needsUsableShot: z
    .boolean()
    .default(false)
    .describe('Whether a video of which the rules for shots leave nothing goes to the ledger as no-usable-shot.'),
  minJudgedSeconds: z
    .number()
    .nonnegative()
    .default(1)
    .describe('Videos shorter than this are not judged by the rules above: they show too little.'),
  shots: z
    .strictObject({
      maxBlack: share.default(0.9).describe('A shot with a larger share of black frames gives no samples.'),
      minChange: z
        .number()
        .nonnegative()
        .default(0)
        .describe(
          'Levels of 255 by which a shot leaves its first frame; one that changes less gives no samples. A still picture stays below 2.',
        ),
      maxTalkingHead: share.default(1).describe('A shot with a higher talking-head score gives no samples; 1: none.'),
      minSeconds: z.number().nonnegative().default(0).describe('Shorter shots give no samples.'),
    })
    .prefault({})
    .describe('Rules that mark shots, which stay in the manifest and give no samples.'),
});

/** Checked rules. */
export type CleaningConfig = z.infer<typeof cleaningConfig>;
