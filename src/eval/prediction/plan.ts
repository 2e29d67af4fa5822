import { ConfigError } from '../../core/index.js';
import type { Predictor } from '../../engine/index.js';
import type { EvaluateContext, EvaluationPlan } from '../define-evaluator.js';
import { compete, enterCompetitor, openHeat } from './competitor.js';
import type { PredictionConfig } from './config.js';
import { contestOf, enterAll, toClips } from './contest.js';
import { inBatches, readSequences } from './sequences.js';

/** What predicting and scoring all held-out sequences would cost, from one future of one small batch. Weights that a user brings are not counted. */
export async function planPrediction(
  predictor: Predictor,
  config: PredictionConfig,
  { dataset, random, seeds, signal }: EvaluateContext<'predictor'>,
): Promise<EvaluationPlan> {
  const contest = contestOf(predictor, config);
  const frames = contest.observe + contest.steps;
  const read = readSequences(dataset!, { size: predictor, frames, windows: 'first' });
  const first = await inBatches(read, Math.min(config.batchSize, 4)).next();
  if (first.done === true) throw new ConfigError('There are no held-out samples to evaluate on.');
  signal.throwIfAborted();
  const batch = first.value;
  const clips = toClips(batch, predictor, frames);
  const [model] = enterAll(predictor, config, contest);
  try {
    const measure = (competitor: typeof model, mode: (typeof contest.modes)[number]) => {
      const started = performance.now();
      compete(competitor, mode, { heat: openHeat(batch, clips, predictor), contest, random: random.fork('plan') });
      return (performance.now() - started) / 1000 / batch.length;
    };
    const sequences = dataset!.samples;
    let seconds = 0;
    let units = 0;
    for (const mode of contest.modes) {
      const single = () => enterCompetitor('model', predictor);
      measure(single(), mode); // the first time compiles and allocates
      const own = measure(single(), mode);
      const draws = mode === 'multi-step' ? model.samples : 1;
      const steps = mode === 'multi-step' ? contest.steps : frames - 1;
      const [, ...rivals] = enterAll(predictor, config, contest);
      const others = rivals.reduce((sum, rival) => sum + measure(rival, mode), 0);
      seconds += sequences * (own * (draws + Math.min(1, seeds)) + others);
      units += sequences * steps * (draws + Math.min(1, seeds) + rivals.length);
    }
    return {
      unit: 'predicted frames',
      units,
      seconds,
      notes: [
        `${sequences} clips of at least ${frames} frames: ${contest.observe} seen, ${contest.steps} predicted`,
        `${model.samples} futures of each, ${contest.modes.join(' and ')}, ${contest.metrics.length} measures a frame`,
        ...(config.windows === 'all' ? ['counted with one window a clip; windows=all takes more of longer ones'] : []),
      ],
    };
  } finally {
    clips.dispose();
  }
}
