import { failureCodes, type Counts, type FailureEntry, type Metric, type Rival } from '../core/index.js';
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
export function formatValue(metric: Metric): string {
  const show = (value: number) =>
    metric.unit === 'fraction' ? `${(100 * value).toFixed(1)} %` : `${value.toPrecision(4)} ${metric.unit}`;
  const interval = metric.interval ? ` [${metric.interval.map(show).join(', ')}]` : '';
  return `${show(metric.value)}${interval}`;
}

/** Metrics and rivals as one table: a line per metric, a column per competitor. */
export function describeMetrics(metrics: readonly Metric[], rivals: readonly Rival[]): string {
  const find = (list: readonly Metric[], name: string) => list.find((metric) => metric.name === name);
  return formatTable([
    ['metric', 'this model', ...rivals.map((rival) => rival.name)],
    ...metrics.map((metric) => [
      metric.name,
      formatValue(metric),
      ...rivals.map((rival) => {
        const match = find(rival.metrics, metric.name);
        return match ? formatValue(match) : '–';
      }),
    ]),
  ]);
}

/** `1.5 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}
