import { tf } from '../../../engine/index.js';
import { lastTwo } from './last-two.js';
import type { RivalRule } from './rival.js';

/** Every pixel goes on as it did between the last two frames: `2 x[t-1] - x[t-2]`, clipped, then from its own frames. A lone frame is copied. */
export const linear: RivalRule = {
  ...lastTwo,
  forecast({ last, before }, steps) {
    const frames = [before!, last!];
    for (let step = 0; step < steps; step++)
      frames.push(tf.clipByValue(tf.sub(tf.mul(frames.at(-1)!, 2), frames.at(-2)!), 0, 1));
    return frames.slice(2);
  },
};
