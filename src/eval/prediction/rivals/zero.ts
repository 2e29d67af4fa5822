import { tf } from '../../../engine/index.js';
import type { RivalRule } from './rival.js';

/** Every future frame is black. */
export const zero: RivalRule = {
  init: (shape) => ({ black: tf.zeros([...shape]) }),
  observe: ({ black }) => ({ black: black! }),
  forecast: ({ black }, steps) => Array.from({ length: steps }, () => black!),
};
