import { tf, type Predictor, type PredictorState, type Tensor } from '../../../engine/index.js';

/** Size of the frames that a rival predicts: those of the model it is set beside. */
export type RivalSize = Pick<Predictor, 'width' | 'height' | 'channels' | 'observes' | 'predicts'>;

/** What a rule keeps of the frames it saw, and how it goes on from there. */
export interface RivalRule {
  /** What is kept before any frame. */
  init(shape: readonly [batch: number, height: number, width: number, channels: number]): PredictorState;
  observe(state: PredictorState, frame: Tensor): PredictorState;
  /** The frames to come, one after the other: float32 [batch, height, width, channels] each. */
  forecast(state: PredictorState, steps: number): readonly Tensor[];
}

/** A predictor from a rule that learns nothing; frames are clipped to 0–1. */
export function createRival(size: RivalSize, rule: RivalRule): Predictor {
  const { width, height, channels, observes, predicts } = size;
  return {
    width,
    height,
    channels,
    observes,
    predicts,
    isStochastic: false,
    init: (batchSize) => keepState(() => rule.init([batchSize, height, width, channels])),
    observe: (state, frame) => keepState(() => rule.observe(state, frame)),
    predict: (state, steps) => tf.tidy(() => tf.clipByValue(tf.stack([...rule.forecast(state, steps)], 1), 0, 1)),
  };
}

/** A state of its own: what is handed on unchanged is copied, since both states will be disposed. */
function keepState(make: () => PredictorState): PredictorState {
  return tf.tidy(() => Object.fromEntries(Object.entries(make()).map(([name, tensor]) => [name, tensor.clone()])));
}
