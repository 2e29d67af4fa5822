import type { Metric, Rival } from '../core/index.js';
import type { EvaluationPlan } from './define-evaluator.js';
import type { EvaluationResult } from './evaluate.js';
import { publishedFigures } from './published.js';

/**
 * The arithmetic mean of one model's results on several official splits, as papers report it: of each metric that all of them have, and of each
 * rival's. `perSplit` holds the single values. No interval: test lists may overlap.
 *
 * @throws RangeError without results, or if they are of different protocols or settings.
 */
export function meanOfSplits(results: readonly EvaluationResult[]): EvaluationResult {
  const [first] = results;
  if (!first) throw new RangeError('There is no result to average.');
  const settings = ({ protocol, version, config, data, seed, seeds }: EvaluationResult) =>
    JSON.stringify([protocol, version, config, data.name, seed, seeds]);
  if (results.some((result) => settings(result) !== settings(first)))
    throw new RangeError('Only results of one protocol with the same settings on the same data can be averaged.');
  const splits = results.map(({ split }) => split);
  const name = `${first.data.name}, mean of splits ${splits.join(', ')}`;
  const leaks = results.map(({ leak }) => leak ?? 0);
  return {
    ...first,
    data: { ...first.data, examples: sum(results.map(({ data }) => data.examples)) },
    splits,
    leak: Math.max(...leaks) > 0 ? Math.max(...leaks) : null,
    metrics: average(
      results.map(({ metrics }) => metrics),
      name,
    ),
    rivals: first.rivals
      .filter(({ published }) => published === undefined)
      .flatMap((rival): Rival[] => {
        const own = results.map(({ rivals }) => rivals.find((other) => other.name === rival.name)?.metrics);
        const all = own.filter((metrics) => metrics !== undefined);
        return all.length === results.length ? [{ ...rival, metrics: average(all, name) }] : [];
      })
      .concat(
        publishedFigures({
          protocol: first.protocol,
          config: first.config,
          benchmark: first.data.name,
          splits,
          absent: first.data.absent,
          leak: Math.max(...leaks) > 0 ? 1 : null,
        }),
      ),
  };
}

/** What one evaluation on each of several splits would cost together: they run one after another, and leave no files to each other. */
export function planOfSplits(
  plans: readonly { readonly split: number; readonly plan: EvaluationPlan }[],
): EvaluationPlan {
  const [first] = plans;
  if (!first) throw new RangeError('There is no plan to add up.');
  if (plans.length === 1) return first.plan;
  const bytes = plans.flatMap(({ plan }) => plan.bytes ?? []);
  return {
    unit: first.plan.unit,
    units: sum(plans.map(({ plan }) => plan.units)),
    seconds: sum(plans.map(({ plan }) => plan.seconds)),
    ...(bytes.length > 0
      ? {
          bytes: {
            media: sum(bytes.map(({ media }) => media)),
            scratch: Math.max(...bytes.map(({ scratch }) => scratch)),
            features: Math.max(...bytes.map(({ features }) => features)),
          },
        }
      : {}),
    notes: plans.flatMap(({ split, plan }) => plan.notes.map((note) => `split ${split}: ${note}`)),
  };
}

function average(lists: readonly (readonly Metric[])[], split: string): Metric[] {
  return lists[0]!.flatMap((first): Metric[] => {
    const same = lists.map((list) =>
      list.find(({ name, variant }) => name === first.name && variant === first.variant),
    );
    const found = same.filter((one) => one !== undefined);
    if (found.length < lists.length) return [];
    const perSplit = found.map(({ value }) => value);
    const value = sum(perSplit) / perSplit.length;
    const { name, variant, unit, direction } = first;
    const about = { name, ...(variant === undefined ? {} : { variant }), unit, direction };
    return [{ ...about, value, examples: sum(found.map(({ examples }) => examples)), split, perSplit }];
  });
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
