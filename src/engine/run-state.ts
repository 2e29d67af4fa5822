import { ConfigError, hashJson } from '../core/index.js';
import type { TrainingState } from './checkpoint.js';
import type { TrainLoopOptions } from './train.js';

/** What a run's state is before its first step. */
export function firstState({ task, seed, config, source, engine }: TrainLoopOptions): TrainingState {
  return {
    schema: 1,
    task,
    step: 0,
    epoch: 0,
    seed,
    cursor: { epoch: 0, batch: 0 },
    configHash: hashJson(config),
    dataDigest: source.digest,
    mode: 'eager',
    engine,
    best: null,
    sinceBest: 0,
    stoppedEarly: false,
    seconds: 0,
  };
}

/** True when there is nothing left to do. */
export function isOver({ step, stoppedEarly }: TrainingState, steps: number): boolean {
  return step >= steps || stoppedEarly === true;
}

/**
 * Refuses to go on with other settings, data or engine.
 *
 * @throws ConfigError naming what differs.
 */
export function assertSameRun(saved: TrainingState, wanted: TrainingState, out: string): void {
  const names = ['task', 'configHash', 'seed', 'dataDigest', 'engine'] as const;
  const differing = names.filter((name) => saved[name] !== wanted[name]);
  if (differing.length === 0) return;
  const what = differing.map(
    (name) => `${name} was ${JSON.stringify(saved[name])} and is ${JSON.stringify(wanted[name])}`,
  );
  throw new ConfigError(
    `${out} cannot be resumed: ${what.join('; ')}. Use another --out, or the settings in its config.yaml.`,
    { context: { out, differing } },
  );
}

/** The state after a validation: a new best, or one more without; `patience` of these in a row end the training, 0 none. */
export function withScore(state: TrainingState, score: number | undefined, patience: number): TrainingState {
  if (score === undefined) return state;
  const isBest = score < (state.best?.value ?? Infinity);
  const sinceBest = isBest ? 0 : (state.sinceBest ?? 0) + 1;
  return {
    ...state,
    best: isBest ? { step: state.step, value: score } : state.best,
    sinceBest,
    stoppedEarly: patience > 0 && sinceBest >= patience,
  };
}
