import type { Sample } from '../../../src/core/index.js';
import { tf, type Predictor } from '../../../src/engine/index.js';
import type { EvaluationDataset } from '../../../src/eval/index.js';

/** Side of the pictures, pixels. */
export const side = 16;

/** A clip of a bar that walks one pixel a frame on a dim ground, to the right or to the left, and comes in again at the other edge. */
export function makeWalk(n: number, frames = 8): Sample {
  const data = new Uint8Array(frames * side * side);
  const step = n % 2 === 0 ? 1 : -1;
  for (let t = 0; t < frames; t++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const place = (((x - step * t - 3 * n) % side) + side) % side;
        data[(t * side + y) * side + x] = 40 + ((n * 7) % 30) + (place < 3 && y > 2 ? 150 + 10 * place : 0);
      }
    }
  }
  const source = `walk${Math.floor(n / 2)}`;
  return {
    key: `${source}/0/${n % 2}`,
    fields: {
      frames: { data, shape: [frames, side, side, 1] },
      size: Int32Array.of(frames, side, side, 1),
      start: 0,
      framesPerSecond: 10,
      motion: 5,
      group: source,
    },
    provenance: { source, shot: 0, pts: [0, frames - 1], timeBase: [1, 10] },
  };
}

/** Held-out walks in memory. */
export function makeWalks(walks: readonly Sample[]): EvaluationDataset {
  return {
    signal: 'clips',
    digest: 'made in a test',
    samples: walks.length,
    sources: [...new Set(walks.map(({ provenance }) => provenance.source))],
    async *batches() {
      throw new Error('Prediction reads the stored samples.');
    },
    async *stored() {
      yield* walks;
    },
  };
}

/**
 * Moves the last frame on by `step` pixels a frame; a `coin` moves it one pixel to the right or to the left, as each seed falls.
 */
export function makeWalker(step: number | 'coin', { predicts = 4 } = {}): Predictor & { dispose(): void } {
  return {
    width: side,
    height: side,
    channels: 1,
    observes: 3,
    predicts,
    isStochastic: step === 'coin',
    init: (batch) => ({ last: tf.zeros([batch, side, side, 1]) }),
    observe: (_, frame) => ({ last: frame.clone() }),
    predict: ({ last }, steps, seed) =>
      tf.tidy(() => {
        const toss = seed.dataSync()[0]! & 1;
        const by = step === 'coin' ? (toss === 1 ? 1 : -1) : step;
        const roll = (shift: number) => {
          const cut = ((shift % side) + side) % side;
          if (cut === 0) return last!.clone();
          const [left, right] = [
            tf.slice(last!, [0, 0, side - cut, 0]),
            tf.slice(last!, [0, 0, 0, 0], [-1, -1, side - cut, -1]),
          ];
          return tf.concat([left, right], 2);
        };
        return tf.stack(
          Array.from({ length: steps }, (_, i) => roll(by * (i + 1))),
          1,
        );
      }),
    dispose: () => undefined,
  };
}
