import type { Frame } from '../../core/index.js';
import { defineMiner } from '../define-miner.js';
import { planShot } from './budget.js';
import { patchTripletsConfig } from './config.js';
import { drawTrack } from './gallery.js';
import { patchTripletsSample } from './sample.js';
import { ShotScan } from './scan.js';
import { createMinerTracker, trackBox } from './track.js';

/** Two patches of one moving thing; see README.md beside this file. */
export default defineMiner({
  name: 'patch-triplets',
  version: 1,
  sample: patchTripletsSample,
  config: patchTripletsConfig,
  views: ({ frameWidth: width, frameHeight: height, framesPerSecond, startsPerSecond }) => ({
    luma: { width, height, fit: 'contain', fps: framesPerSecond, channels: 1, readOnce: true },
    // Scaling to colour costs eight times what scaling to luma does: only frames that a patch can be cut from.
    colour: { width, height, fit: 'contain', fps: startsPerSecond, channels: 3, readOnce: true },
  }),
  async *mineShot(video, shot, config, { random, reject, signal }) {
    const { source } = video;
    const plan = planShot(source, shot, config, random);
    if (!plan) {
      reject('too-short', { startPts: shot.startPts, endPts: shot.endPts });
      return;
    }
    const scan = new ShotScan({ source, shot, plan, config, random, reject });
    const colours = video.frames(shot, 'colour')[Symbol.asyncIterator]();
    const nextColour = async (): Promise<Frame | null> => {
      const { done, value } = (await colours.next()) as IteratorResult<Frame, undefined>;
      return done ? null : value;
    };
    try {
      let colour = await nextColour();
      for await (const luma of video.frames(shot, 'luma')) {
        if (signal.aborted) return;
        while (colour && colour.pts < luma.pts) colour = await nextColour();
        await scan.add(luma, colour?.pts === luma.pts ? colour : null);
        if (scan.isDone(luma.pts)) break;
      }
    } finally {
      await colours.return?.();
      scan.dispose();
    }
    for (const { sample } of scan.end()) yield sample;
  },
  estimate: [
    {
      kind: 'boxes',
      run: (frames, config, { first }) => trackBox(frames, first, createMinerTracker(config)),
    },
  ],
  draw: drawTrack,
});
