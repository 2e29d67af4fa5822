import { z } from 'zod';
import { cleaningConfig } from './cleaning/config.js';
import { duplicatesConfig } from './duplicates/config.js';
import { fetchConfig } from './fetch/config.js';
import { mediaLimits } from './decoders/media-limits.js';
import { shotConfig } from './shots.js';

/** Settings of `ingest`. */
export const ingestConfig = z.strictObject({
  shots: shotConfig.prefault({}).describe('How shots are told apart.'),
  minSeconds: z.number().nonnegative().default(0).describe('Shorter videos go to the ledger as too-short.'),
  minSide: z
    .int()
    .positive()
    .default(1)
    .describe('Pixels; a video whose shorter side is smaller goes to the ledger as too-small.'),
  minDecodableShare: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Of the frames that the header promises; a video that gives fewer goes to the ledger as truncated.'),
  limits: mediaLimits.prefault({}).describe('What one file may cost; beyond, it goes to the ledger as over-limit.'),
  stallSeconds: z
    .number()
    .positive()
    .default(60)
    .describe('A process that makes no progress for so long is ended, and its video goes to the ledger as timeout.'),
  timeoutSeconds: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('Longest time for one video, progress or not; null: as long as it makes progress.'),
  maxFailureShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.95)
    .describe('The run is given up once a larger share of its videos has failed.'),
  judgedFrom: z
    .int()
    .positive()
    .default(100)
    .describe('As long as fewer videos were tried, the run is not given up for their failures.'),
  cleaning: cleaningConfig.prefault({}).describe('Rules that judge what was measured.'),
  duplicates: duplicatesConfig.prefault({}).describe('How copies that are not the same file are found.'),
  fetch: fetchConfig.prefault({}).describe('How sources that are addresses are downloaded.'),
});

/** Checked settings of `ingest`. */
export type IngestConfig = z.infer<typeof ingestConfig>;
