import { z } from 'zod';
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
    .default(0.5)
    .describe('Of the frames that the header promises; a video that gives fewer goes to the ledger as truncated.'),
  timeoutSeconds: z
    .number()
    .positive()
    .default(600)
    .describe('Longest time for one video; beyond it, its process is ended.'),
  maxFailureShare: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('The run is given up once a larger share of its videos has failed.'),
});

/** Checked settings of `ingest`. */
export type IngestConfig = z.infer<typeof ingestConfig>;
