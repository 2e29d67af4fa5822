import type { Metric } from '../core/index.js';
import { curveCharts } from './curve-charts.js';
import type { ResultReport } from './data.js';
import { intervalPlot } from './drawing.js';
import { capitalize, formatCount, formatValue, nameToWords } from './format.js';
import { html, type Markup } from './html.js';
import { factList, table } from './page.js';
import { chanceVerdict, gainVerdict, rivalMetric, rivalVerdict, type Verdict } from './verdict.js';

interface Row {
  readonly name: string;
  readonly metric: Metric;
  readonly own: boolean;
  readonly published: string | undefined;
}

/** Every metric beside its rivals, with intervals, and what may be concluded; results of one protocol share their tables. */
export function resultsSection(results: readonly ResultReport[]): Markup {
  const protocols = [...new Set(results.map(({ protocol }) => protocol))];
  return html`<p class="quiet">
      Bold rows are what was trained here. A bar is the 95 % interval, small strokes are single seeds, the dashed line
      is chance.
    </p>
    ${protocols.map((protocol) =>
      protocolPart(
        protocol,
        results.filter((result) => result.protocol === protocol),
      ),
    )}`;
}

function protocolPart(protocol: string, results: readonly ResultReport[]): Markup {
  const kinds = new Map<string, Metric>();
  for (const metric of results.flatMap(({ metrics }) => metrics))
    if (!kinds.has(kindOf(metric))) kinds.set(kindOf(metric), metric);
  return html`<h3>${protocol}</h3>
    ${results.map(({ subject, facts, metrics, rivals, notes = [] }) => {
      const [main] = metrics;
      const hasChance = rivals.length === 0 || rivals.some(({ name }) => name === 'chance');
      const verdicts = main
        ? [hasChance && chanceVerdict(main, rivals), gainVerdict(main, rivals), rivalVerdict(main, rivals)]
        : [];
      return html`${results.length > 1 && html`<h4>${subject}</h4>`}${facts.length > 0 && factList(facts)}
      ${verdicts.map((verdict) => verdict && sentence(verdict))}${notes.map((note) => html`<p>${note}</p>`)}`;
    })}
    ${curveCharts(protocol, results)}${[...kinds.values()].map((metric) => metricTable(protocol, metric, results))}`;
}

function sentence({ side, text }: Verdict): Markup {
  return html`<p class="verdict ${side === 'better' ? 'yes' : 'no'}">${text}</p>`;
}

function metricTable(protocol: string, like: Metric, results: readonly ResultReport[]): Markup {
  const same = (metric: Metric) => kindOf(metric) === kindOf(like);
  const rows: Row[] = [
    ...results.flatMap(({ subject, metrics }) =>
      metrics.filter(same).map((metric) => ({ name: subject, metric, own: true, published: undefined })),
    ),
    ...results.flatMap(({ rivals }) =>
      rivals.flatMap(({ name, metrics, published }) =>
        metrics.filter(same).map((metric) => ({ name, metric, own: false, published })),
      ),
    ),
  ];
  const unique = [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
  const range = rangeOf(unique.map(({ metric }) => metric));
  const level =
    results.map(({ rivals }) => rivalMetric(like, rivals, 'chance')).find((metric) => metric !== null)?.value ?? null;
  return table({
    caption: `${capitalize(nameToWords(like.name))} (${[like.variant, `${like.direction} is better`].filter(Boolean).join('; ')}), ${protocol}, ${like.split}`,
    columns: [
      { name: 'What' },
      { name: 'Value', numeric: true },
      { name: '95 % interval', numeric: true },
      { name: 'Examples', numeric: true },
      { name: `${formatValue(range[0], like.unit)} to ${formatValue(range[1], like.unit)}` },
    ],
    rows: unique.map(({ name, metric, own, published }) => ({
      own,
      cells: [
        html`${name}${published && html` <span class="quiet">published: ${published}</span>`}`,
        formatValue(metric.value, metric.unit),
        metric.interval
          ? `${formatValue(metric.interval[0], metric.unit)} – ${formatValue(metric.interval[1], metric.unit)}`
          : '',
        metric.examples > 0 ? formatCount(metric.examples) : '',
        html`<div class="plot">${intervalPlot({ metric, range, level, own })}</div>`,
      ],
    })),
  });
}

function kindOf({ name, variant = '', split, unit }: Metric): string {
  return JSON.stringify([name, variant, split, unit]);
}

/** The plot's ends: 0 to 1 for fractions, else what the rows need and a little more. */
function rangeOf(metrics: readonly Metric[]): readonly [number, number] {
  if (metrics.every(({ unit }) => unit === 'fraction')) return [0, 1];
  const values = metrics
    .flatMap(({ value, interval = [], seeds = [] }) => [value, ...interval, ...seeds])
    .filter(Number.isFinite);
  if (values.length === 0) return [0, 1];
  const low = Math.min(...values);
  const high = Math.max(...values);
  const margin = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1;
  return [low - margin, high + margin];
}
