import { z } from 'zod';
import { defineMiner } from '../define-miner.js';
import { compareFrames } from './checks.js';
import { temporalOrderConfig } from './config.js';
import { quintuplesOf, readTuples } from './given-tuples.js';
import { measureMotion } from './motion.js';
import { candidateSpan, framesBefore, toSample, type ChosenCandidate } from './record.js';
import { encodeWith, replay, temporalOrderViews } from './replay.js';
import { temporalOrderSample } from './sample.js';

/** Settings of the import: the miner's for pictures and motion, and the files. */
export const importConfig = temporalOrderConfig.extend({
  keys: z.string().default('').describe('File of keys, three pictures a line.'),
  labels: z.string().default('').describe('File of labels, one a line.'),
});

/**
 * Records of tuples that others chose, made from the videos as the miner makes its own. It runs in mining's workers by
 * its module path and stands in no registry. Tuples that reach over a shot are refused as `cut`, those whose frames look
 * alike stay: what was chosen is not judged again.
 */
export default defineMiner({
  name: 'temporal-order',
  version: 1,
  sample: temporalOrderSample,
  config: importConfig,
  views: (config) => temporalOrderViews(config),
  async *mineShot(video, shot, config, { signal, reject }) {
    const { timeBase } = video.source.video;
    const given = quintuplesOf(video.source, readTuples(config.keys, config.labels)).filter(
      ({ frames }) => Math.max(...frames) < video.source.video.frames,
    );
    if (given.length === 0) return;
    const cancelled = (): boolean => signal.aborted;
    const motion = await measureMotion(video.frames(shot, 'flow'), timeBase, config, signal);
    if (cancelled() || motion.frames === 0) return;
    const offset = framesBefore(video.source, shot);
    const candidates: { frames: ChosenCandidate['frames']; weight: number }[] = [];
    for (const { frames } of given) {
      const local = frames.map((frame) => (frame < 0 ? -1 : frame - offset)) as unknown as ChosenCandidate['frames'];
      const inside = local.map((frame, i) => frames[i]! < 0 || (frame >= 0 && frame < motion.frames));
      if (inside.every(Boolean)) candidates.push({ frames: local, weight: 0 });
      else if (inside[1]! && inside.some((is, i) => !is && frames[i]! >= 0)) {
        reject('cut', candidateSpan(motion, [-1, local[1], local[1], local[1], -1]));
      }
    }
    const thumbnails = await replay({ video, shot, view: 'thumbnail' }, candidates, motion, signal, (rgb) => rgb);
    const pictures = await replay({ video, shot, view: 'picture' }, candidates, motion, signal, encodeWith(config));
    if (cancelled()) return;
    for (const candidate of candidates) {
      const { msdCa, msdCe } = compareFrames(
        candidate.frames.map((frame) => thumbnails.get(frame) ?? null),
        config,
      );
      const chosen = { ...candidate, msdCa, msdCe };
      const sample = toSample(video.source, chosen, motion, pictures, { shot, config });
      yield { ...sample, fields: { ...sample.fields, policy: 'imported' } };
    }
  },
});
