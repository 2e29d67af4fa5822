import { tf } from '../../../engine/index.js';
import type { RivalRule } from './rival.js';

/** Keeps the last two frames, `before` and `last`; of a lone frame, that one twice. */
export const lastTwo: Pick<RivalRule, 'init' | 'observe'> = {
  init: (shape) => ({ last: tf.zeros([...shape]), before: tf.zeros([...shape]), seen: tf.scalar(0) }),
  observe: ({ last, seen }, frame) => ({
    last: frame,
    before: tf.where(tf.greater(seen!, 0), last!, frame),
    seen: tf.add(seen!, 1),
  }),
};
