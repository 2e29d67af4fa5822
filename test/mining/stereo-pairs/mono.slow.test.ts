import { readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { expect, it } from 'vitest';
import { checkConfig, MediaError, readEnvironment, type VideoSource } from '../../../src/core/index.js';
import { selectDecoder, videoExtensions, type OpenVideo } from '../../../src/ingest/index.js';
import miner from '../../../src/mining/stereo-pairs/index.js';
import { surveyStereo } from '../../../src/mining/stereo-pairs/survey.js';
import { testData } from '../../fixtures/test-data.js';
import { sourceOf } from '../fakes.js';

const data = testData();
/** One file in so many, for a quick look. */
const every = Number(readEnvironment('REELMINE_EVERY') ?? 1);

it.skipIf(data === null)(
  'takes no film of one eye among the test data for stereo',
  { timeout: 1_800_000 },
  async () => {
    const { decoder } = await selectDecoder('auto');
    const { config } = checkConfig(miner.config, {});
    const view = miner.views(config)['packed']!;
    const files = readdirSync(data!, { recursive: true, encoding: 'utf8' })
      .filter((file) => videoExtensions.has(extname(file).toLowerCase()) && !file.startsWith('stereo'))
      .sort()
      .filter((_, n) => n % every === 0);
    const alarms: string[] = [];
    let looked = 0;
    for (const file of files) {
      try {
        const session = await decoder.open(join(data!, file));
        try {
          const { video } = session.media;
          const base = sourceOf({
            id: file,
            width: video.width,
            height: video.height,
            fps: 25,
            frames: 0,
            frame: () => new Uint8Array(),
          });
          const shot = { index: 0, startPts: video.startPts, endPts: video.endPts, crop: null };
          const source: VideoSource = { ...base, video, shots: [shot] };
          const open: Pick<OpenVideo, 'source' | 'framesAt'> = {
            source,
            framesAt: (pts) => session.framesAt(pts, view),
          };
          const { facts } = await surveyStereo(open as OpenVideo, config);
          looked++;
          if (facts) alarms.push(`${file}: ${facts.layout}`);
        } finally {
          await session.close();
        }
      } catch (error) {
        if (!(error instanceof MediaError)) throw error; // a broken file is no film
      }
    }
    expect(looked).toBeGreaterThan(100 / every);
    expect(alarms).toEqual([]);
  },
);
