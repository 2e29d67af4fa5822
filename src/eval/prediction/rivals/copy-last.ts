import { tf } from '../../../engine/index.js';
import type { RivalRule } from './rival.js';

/** Every future frame is the last one seen. */
export const copyLast: RivalRule = {
  init: (shape) => ({ last: tf.zeros([...shape]) }),
  observe: (_, frame) => ({ last: frame }),
  forecast: ({ last }, steps) => Array.from({ length: steps }, () => last!),
};
