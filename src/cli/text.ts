import { failureCodes, isSameKind, type Counts, type FailureEntry, type Metric, type Rival } from '../core/index.js';
import { formatTable } from './terminal.js';

/** `12 videos done, 3 skipped, 1 failed`, then whatever else was counted. */
export function describeCounts(counts: Counts, unit: string): string {
  const { done, ...others } = counts;
  const rest = Object.entries(others).filter(([, count]) => count > 0);
  return [`${done} ${unit} done`, ...rest.map(([name, count]) => `${count} ${name}`)].join(', ');
}

/** Failures by code with their meaning, and the first few files of each. */
export function describeFailures(failures: readonly FailureEntry[]): string[] {
  const byCode = new Map<FailureEntry['code'], FailureEntry[]>();
  for (const failure of failures) byCode.set(failure.code, [...(byCode.get(failure.code) ?? []), failure]);
  return [...byCode].flatMap(([code, entries]) => [
    `  ${entries.length} × ${code} (${failureCodes[code]})`,
    ...entries.slice(0, 3).map(({ path, message }) => `      ${message.startsWith(path) ? '' : `${path}: `}${message}`),
    ...(entries.length > 3 ? [`      … and ${entries.length - 3} more in failures.jsonl`] : []),
  ]);
}

/** A metric's value with its unit: fractions as percent. */
export function formatValue(metric: Metric, withInterval = true): string {
  const show = (value: number) =>
    metric.unit === 'fraction' ? `${(100 * value).toFixed(1)} %` : `${value.toPrecision(4)} ${metric.unit}`.trim();
  const interval = withInterval && metric.interval ? ` [${metric.interval.map(show).join(', ')}]` : '';
  return `${show(metric.value)}${interval}`;
}

/** Rivals beyond which their intervals are left out, since no terminal is as wide. */
const mostIntervals = 4;

/** Metrics and rivals as one table: a line per metric, a column per competitor. */
export function describeMetrics(metrics: readonly Metric[], rivals: readonly Rival[]): string {
  const splits = new Set(metrics.map(({ split }) => split));
  const title = ({ name, variant, split }: Metric) =>
    [name, ...(variant === undefined ? [] : [`(${variant})`]), ...(splits.size > 1 ? [`, ${split}`] : [])]
      .join(' ')
      .replace(' ,', ',');
  return formatTable([
    [
      'metric',
      'this model',
      ...rivals.map(({ name, published }) => (published === undefined ? name : `${name} (published)`)),
    ],
    ...metrics.map((metric) => [
      title(metric),
      formatValue(metric),
      ...rivals.map((rival) => {
        const match = rival.metrics.find((one) => isSameKind(one, metric));
        if (!match) return '–';
        return formatValue(match, rivals.length <= mostIntervals);
      }),
    ]),
  ]);
}
