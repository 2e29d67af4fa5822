import { readdirSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testData } from '../../fixtures/test-data.js';
import { cannotCompare, compareDecoders } from './agreement.js';

const data = testData();
const missing = await cannotCompare();
const videos = new Set(['.avi', '.mp4', '.mkv', '.webm', '.mpg', '.mov', '.ts', '.flv', '.3gp', '.gif']);
/** The odd ones are compared in the suite. */
const files =
  data === null
    ? []
    : readdirSync(data, { recursive: true, encoding: 'utf8' })
        .filter((path) => videos.has(extname(path)) && !path.startsWith(`odd${sep}`))
        .sort();

describe.skipIf(data === null || missing !== null)(
  'both decoders (need the shared test data and an ffmpeg program)',
  () => {
    it('are given more than a hundred files', () => expect(files.length).toBeGreaterThan(100));

    it.each(files)(
      'give the same times and pixels of %s',
      async (file) => {
        const { codes, frames, sameTimes, worstPsnr } = await compareDecoders(join(data!, file));
        expect(codes).toEqual({ libav: null, ffmpeg: null });
        expect(frames.libav).toBeGreaterThan(0);
        expect(frames.ffmpeg).toBe(frames.libav);
        expect(sameTimes).toBe(true);
        expect(worstPsnr).toBeGreaterThanOrEqual(45);
      },
      120_000,
    );
  },
);
