import type { Metric } from '../core/index.js';
import type { ResultReport } from './data.js';
import { formatValue } from './format.js';
import { gainVerdict, rivalMetric, type Verdict } from './verdict.js';

/**
 * Says whether colours, untrained weights and training come in this order, and if one step is missing or within the intervals, which, and whether
 * gradients of the same pictures would have told; null where a result lacks one of them, as that of untrained weights does.
 */
export function ladderVerdict({
  metrics,
  rivals,
  isUntrained,
}: Pick<ResultReport, 'metrics' | 'rivals' | 'isUntrained'>): Verdict | null {
  const [main] = metrics;
  if (!main || isUntrained) return null;
  const [colours, untrained, gradients] = ['colour-histogram', 'untrained', 'oriented-gradients'].map((name) =>
    rivalMetric(main, rivals, name),
  );
  const gain = gainVerdict(main, rivals, metrics);
  if (!colours || !untrained || !gain) return null;
  const say = ({ value }: Metric) => formatValue(value, main.unit);
  const list = `Colours ${say(colours)}, untrained weights ${say(untrained)}, trained ${say(main)}`;
  const first = sideOf(untrained, colours);
  if (first === 'better' && gain.side === 'better')
    return { side: 'better', text: `${list}: in this order, each step beyond the 95 % intervals.` };
  const sign = main.direction === 'higher' ? 1 : -1;
  const isInOrder = sign * (untrained.value - colours.value) > 0 && sign * (main.value - untrained.value) > 0;
  const why = [
    ...(first === 'better' ? [] : [beforeTraining[first]]),
    ...(gain.side === 'better' ? [] : [byTraining[gain.side]]),
    ...(gradients && sideOf(gradients, main) === 'better'
      ? [
          `oriented gradients of the same pictures reach ${say(gradients)}, so outlines that tell the classes are there, and these features do not keep them`,
        ]
      : []),
  ];
  const how = isInOrder ? 'in this order, but not each step beyond the 95 % intervals' : 'not in this order';
  return { side: 'includes', text: `${list}: ${how}; ${why.join('; ')}.` };
}

/** Where one measure lies against another of its kind, by the intervals of both. */
function sideOf(one: Metric, other: Metric): Verdict['side'] {
  if (!one.interval || !other.interval) return 'unknown';
  const [high, low] = one.direction === 'higher' ? [one, other] : [other, one];
  if (high.interval![0] > low.interval![1]) return 'better';
  return high.interval![1] < low.interval![0] ? 'worse' : 'includes';
}

const beforeTraining = {
  worse: 'colours tell more than untrained weights, which keep too little of the pictures',
  includes: 'untrained weights are not shown to tell more than colours',
  unknown: 'untrained weights and colours cannot be compared without intervals',
} as const;

const byTraining = {
  worse: 'training has taken away from what untrained weights tell of these classes',
  includes: 'training is not shown to add to what untrained weights tell of these classes',
  unknown: 'what training adds cannot be said without an interval',
} as const;
