import { isSameKind, type Metric, type Rival } from '../core/index.js';
import { capitalize, formatValue, nameToWords } from './format.js';

/** Where a metric's 95 % interval lies against a rival's value; `unknown` without an interval or such a rival. */
export interface Verdict {
  readonly side: 'better' | 'worse' | 'includes' | 'unknown';
  /** One sentence. */
  readonly text: string;
}

/** Says whether a metric's 95 % interval excludes chance, and on which side it lies. */
export function chanceVerdict(metric: Metric, rivals: readonly Rival[]): Verdict {
  const chance = rivalMetric(metric, rivals, 'chance');
  const own = `${nameToWords(metric.name)} ${formatValue(metric.value, metric.unit)}`;
  if (!chance) return { side: 'unknown', text: `${capitalize(own)}: there is no chance value to set it against.` };
  if (!metric.interval)
    return { side: 'unknown', text: `${capitalize(own)} has no interval, so nothing is said about chance.` };
  const [low, high] = metric.interval;
  const range = `The 95 % interval of ${own}, ${formatValue(low, metric.unit)} to ${formatValue(high, metric.unit)},`;
  const level = `chance (${formatValue(chance.value, metric.unit)})`;
  if (low <= chance.value && chance.value <= high)
    return { side: 'includes', text: `${range} includes ${level}: nothing has been shown.` };
  const better = metric.direction === 'higher' ? low > chance.value : high < chance.value;
  return {
    side: better ? 'better' : 'worse',
    text: `${range} excludes ${level}${better ? '' : ', on the wrong side'}.`,
  };
}

/**
 * Says what training gained over untrained weights, and whether that may be noise; null without that rival. `metrics` are the others of the
 * result: where the gain itself is among them, with an interval from the same draws, that interval decides, else whether the two intervals overlap.
 */
export function gainVerdict(metric: Metric, rivals: readonly Rival[], metrics: readonly Metric[] = []): Verdict | null {
  const untrained = rivalMetric(metric, rivals, 'untrained');
  if (!untrained) return null;
  const gain = (metric.value - untrained.value) * (metric.direction === 'higher' ? 1 : -1);
  const text = `${capitalize(nameToWords(metric.name))}: ${formatGain(Math.abs(gain), metric.unit)} ${gain >= 0 ? 'better' : 'worse'} than untrained weights`;
  const paired = gainMetric(metric, metrics)?.interval;
  if (paired) {
    const [low, high] = paired;
    const range = `(95 % interval ${formatGain(low, metric.unit, '')} to ${formatGain(high, metric.unit)})`;
    if (low <= 0 && high >= 0) return { side: 'includes', text: `${text} ${range}, so this may be noise.` };
    return { side: low > 0 ? 'better' : 'worse', text: `${text} ${range}.` };
  }
  if (metric.perSplit && metric.perSplit.length === untrained.perSplit?.length) {
    const sign = metric.direction === 'higher' ? 1 : -1;
    const ahead = metric.perSplit.filter((value, i) => sign * (value - untrained.perSplit![i]!) > 0).length;
    const { length } = metric.perSplit;
    return {
      side: 'unknown',
      text: `${text}, ahead on ${ahead} of ${length} splits; the pages of single splits say whether this may be noise.`,
    };
  }
  if (!metric.interval || !untrained.interval)
    return { side: 'unknown', text: `${text}; without both intervals this may be noise.` };
  const apart = metric.interval[0] > untrained.interval[1] || metric.interval[1] < untrained.interval[0];
  if (!apart) return { side: 'includes', text: `${text}; the 95 % intervals overlap, so this may be noise.` };
  return { side: gain > 0 ? 'better' : 'worse', text: `${text}; the 95 % intervals do not overlap.` };
}

/** What a metric gains over untrained weights, where the result has that: `top1.threeFrames` → `top1Gain.threeFrames`. */
export function gainMetric(metric: Metric, metrics: readonly Metric[]): Metric | null {
  const name = metric.name.replace(/^[^.]+/, '$&Gain');
  return metrics.find((one) => isSameKind(one, { ...metric, name })) ?? null;
}

/** A difference of two values; of fractions in points. */
export function formatGain(value: number, unit: string, pointsWord = ' points'): string {
  return unit === 'fraction' ? `${(value * 100).toFixed(1).replace('-', '−')}${pointsWord}` : formatValue(value, unit);
}

/** Sets a metric beside the strongest rival that is neither chance, untrained nor published; null where there is none. */
export function rivalVerdict(metric: Metric, rivals: readonly Rival[]): Verdict | null {
  const strongest = strongestRival(metric, rivals);
  if (!strongest) return null;
  const { name, found } = strongest;
  const sign = metric.direction === 'higher' ? 1 : -1;
  const text = `The strongest simple rival is ${name} with ${formatValue(found.value, found.unit)}`;
  const ahead = sign * (metric.value - found.value) > 0;
  const [low, high] = metric.interval ?? [metric.value, metric.value];
  const [rivalLow, rivalHigh] = found.interval ?? [found.value, found.value];
  if (low <= rivalHigh && rivalLow <= high) return { side: 'includes', text: `${text}; the 95 % intervals overlap.` };
  return {
    side: ahead ? 'better' : 'worse',
    text: `${text}, which ${ahead ? 'training beats' : 'training does not reach'}.`,
  };
}

/**
 * The simple rival with the best value of the metric, other than chance, untrained weights, published figures and those that are told what the
 * model is not; null where there is none.
 */
export function strongestRival(
  metric: Metric,
  rivals: readonly Rival[],
): { readonly name: string; readonly found: Metric } | null {
  const sign = metric.direction === 'higher' ? 1 : -1;
  const [strongest] = rivals
    .filter(({ name, told }) => name !== 'chance' && name !== 'untrained' && told === undefined)
    .flatMap(({ name }) => {
      const found = rivalMetric(metric, rivals, name);
      return found ? [{ name, found }] : [];
    })
    .sort((a, b) => sign * (b.found.value - a.found.value));
  return strongest ?? null;
}

/** The rival's metric of the same kind, published figures aside. */
export function rivalMetric(metric: Metric, rivals: readonly Rival[], name: string): Metric | null {
  for (const rival of rivals) {
    if (rival.name !== name || rival.published !== undefined) continue;
    const found = rival.metrics.find((one) => isSameKind(one, metric));
    if (found) return found;
  }
  return null;
}
