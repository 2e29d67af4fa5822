import { tf } from '../../../engine/index.js';
import type { RivalRule } from './rival.js';

/** Every future frame is the mean of those seen; black before any. */
export const mean: RivalRule = {
  init: (shape) => ({ mean: tf.zeros([...shape]), count: tf.scalar(0) }),
  observe({ mean: before, count: seen }, frame) {
    const count = tf.add(seen!, 1);
    return { mean: tf.add(before!, tf.div(tf.sub(frame, before!), count)), count };
  },
  forecast: (state, steps) => Array.from({ length: steps }, () => state['mean']!),
};
