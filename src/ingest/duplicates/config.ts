import { z } from 'zod';

/** How near-duplicates are found; nothing is decoded again when it changes. */
export const duplicatesConfig = z.strictObject({
  near: z
    .enum(['drop', 'report', 'off'])
    .default('drop')
    .describe(
      'What becomes of near-duplicates: all but the best copy are dropped, all are only listed, or none are looked for.',
    ),
  maxPictureBits: z
    .number()
    .min(0)
    .max(32)
    .default(8)
    .describe('Mean bits of 64 by which pictures of copies may differ at the same moments.'),
  maxChangeBits: z
    .number()
    .min(0)
    .max(32)
    .default(16)
    .describe('The same of what changes from moment to moment: it tells copies from other takes of one scene.'),
  minOverlap: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('Share of the shorter video that must lie in the other one.'),
});

/** Checked settings of the search. */
export type DuplicatesConfig = z.infer<typeof duplicatesConfig>;
