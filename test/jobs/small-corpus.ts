import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeVideo } from '../../src/ingest/index.js';
import { ingest, mine, runJob, type MineSummary } from '../../src/index.js';
import { movingReel } from '../mining/fakes.js';

/** Settings that make temporal-order small and quick. */
export const smallOrder = [
  'imageWidth=64',
  'imageHeight=64',
  'flowWidth=48',
  'flowHeight=36',
  'quintuplesPerVideo=6',
  'lookalikeMsd=0',
  'duplicateMsd=0',
] as const;

/** A folder with two films, each with a cut, their corpus in `corpus`, and what temporal-order finds in `mined`. */
export async function makeSmallCorpus(): Promise<{
  readonly root: string;
  readonly corpus: string;
  readonly mined: string;
  readonly result: MineSummary;
}> {
  const root = mkdtempSync(join(tmpdir(), 'reelmine-small-'));
  for (let n = 0; n < 2; n++) {
    const reel = movingReel('film', { frames: 130, width: 96, height: 72, cuts: [60], at: (i) => 1.4 * i + 300 * n });
    const frames = Array.from({ length: 130 }, (_, i) => reel.frame(i));
    await encodeVideo(join(root, 'videos', `v_Film_g0${n}_c01.mp4`), { frames, width: 96, height: 72, fps: 25 });
  }
  const corpus = join(root, 'corpus');
  const mined = join(root, 'mined');
  await runJob(ingest({ sources: [join(root, 'videos')], corpus, workers: 1 }));
  const job = { signals: ['temporal-order'], corpus, out: mined, workers: 2, set: smallOrder };
  return { root, corpus, mined, result: await runJob(mine(job)) };
}
