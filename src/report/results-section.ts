import type { Metric } from '../core/index.js';
import { classesPart, classScoresPart } from './classes-part.js';
import { curveCharts } from './curve-charts.js';
import type { ResultReport } from './data.js';
import { intervalPlot } from './drawing.js';
import { capitalize, formatCount, formatValue, nameToWords } from './format.js';
import { html, type Markup } from './html.js';
import { ladderVerdict } from './ladder.js';
import { factList, table } from './page.js';
import { queriesPart } from './queries-part.js';
import { orderVerdicts, standingOf, standingsTable } from './standing.js';
import { chanceVerdict, formatGain, gainVerdict, rivalMetric, rivalVerdict, type Verdict } from './verdict.js';

interface Row {
  readonly name: string;
  readonly metric: Metric;
  readonly own: boolean;
  readonly published: string | undefined;
  readonly splits: readonly number[] | undefined;
}

/** Every metric beside its rivals, with intervals, and what may be concluded; results of one protocol share their tables. */
export function resultsSection(results: readonly ResultReport[]): Markup {
  const protocols = [...new Set(results.map(({ protocol }) => protocol))];
  return html`${standingsTable(results)}
    <p class="quiet">
      Bold rows are what was trained here. A bar is the 95 % interval, small strokes are single seeds or splits, the
      dashed line is chance, or 0 for differences.
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
  const own = results.map((result, i) => ({ result, id: `${protocol}-${i + 1}`.replace(/[^A-Za-z0-9-]/g, '-') }));
  return html`<h3>${protocol}</h3>
    ${settingsApart(results)}
    ${own.map(({ result, id }) => {
      const { subject, facts, metrics, rivals, classes, classScores, queries, notes = [] } = result;
      const [main] = metrics;
      const standing = standingOf(result);
      const hasChance = rivals.length === 0 || rivals.some(({ name }) => name === 'chance');
      const verdicts = main
        ? [
            hasChance && chanceVerdict(main, rivals),
            gainVerdict(main, rivals, metrics),
            rivalVerdict(main, rivals),
            ladderVerdict(result),
            ...orderVerdicts(result),
          ]
        : [];
      return html`${results.length > 1 && html`<h4>${subject}</h4>`}${facts.length > 0 && factList(facts)}
      ${standing && html`<p class="standing ${standing.side === 'better' ? 'yes' : 'no'}">${standing.text}</p>`}
      ${verdicts.map((verdict) => verdict && sentence(verdict))}${notes.map((note) => html`<p>${note}</p>`)}
      ${classes && classesPart(id, classes)}${classScores && classScoresPart(id, classScores)}${queries && queriesPart(queries)}`;
    })}
    ${curveCharts(protocol, results)}${[...kinds.values()].map((metric) => metricTable(protocol, metric, results))}`;
}

/** Says in which settings results of one protocol differ; nothing where they do not. */
function settingsApart(results: readonly ResultReport[]): Markup | false {
  const known = results.filter(({ settings }) => settings);
  const names = [...new Set(known.flatMap(({ settings }) => Object.keys(settings ?? {})))];
  const apart = names.flatMap((name) => {
    const values = [...new Set(known.map(({ settings }) => settings?.[name] ?? '–'))];
    return values.length > 1 ? [`${nameToWords(name)} ${values.join(' / ')}`] : [];
  });
  return (
    apart.length > 0 &&
    html`<p class="verdict no">
      These results were made with different settings, so their figures may not compare: ${apart.join('; ')}.
    </p>`
  );
}

function sentence({ side, text }: Verdict): Markup {
  return html`<p class="verdict ${side === 'better' ? 'yes' : 'no'}">${text}</p>`;
}

function metricTable(protocol: string, like: Metric, results: readonly ResultReport[]): Markup {
  const same = (metric: Metric) => kindOf(metric) === kindOf(like);
  // Chance is the same for all, but each run has untrained weights of its own.
  const differs = (name: string) =>
    new Set(
      results
        .map(({ rivals }) => JSON.stringify(rivalMetric(like, rivals, name) ?? null))
        .filter((one) => one !== 'null'),
    ).size > 1;
  const rows: Row[] = [
    ...results.flatMap(({ subject, metrics, splits }) =>
      metrics.filter(same).map((metric) => ({ name: subject, metric, own: true, published: undefined, splits })),
    ),
    ...results.flatMap(({ subject, rivals, splits }) =>
      rivals.flatMap(({ name, metrics, published, told }) =>
        metrics.filter(same).map((metric) => ({
          name: [
            name,
            published === undefined && differs(name) ? ` (of ${subject})` : '',
            told === undefined ? '' : `, told ${told}`,
          ].join(''),
          metric,
          own: false,
          published,
          splits,
        })),
      ),
    ),
  ];
  const unique = [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
  const range = rangeOf(unique.map(({ metric }) => metric));
  const isMean = unique.some(({ metric }) => metric.perSplit);
  const chance =
    results.map(({ rivals }) => rivalMetric(like, rivals, 'chance')).find((metric) => metric !== null)?.value ?? null;
  const level = isDifference(like) ? 0 : chance;
  return table({
    caption: `${capitalize(nameToWords(like.name))} (${[like.variant, `${like.direction} is better`].filter(Boolean).join('; ')}), ${protocol}, ${like.split}`,
    columns: [
      { name: 'What' },
      { name: 'Value', numeric: true },
      { name: isMean ? 'Single splits' : '95 % interval', numeric: true },
      { name: 'Examples', numeric: true },
      { name: `${sayValue(like, range[0])} to ${sayValue(like, range[1])}` },
    ],
    rows: unique.map(({ name, metric, own, published, splits = [] }) => ({
      own,
      cells: [
        html`${name}${published && html` <span class="quiet">published: ${published}</span>`}`,
        sayValue(metric, metric.value),
        spreadOf(metric, splits),
        metric.examples > 0 ? formatCount(metric.examples) : '',
        html`<div class="plot">${intervalPlot({ metric, range, level, own })}</div>`,
      ],
    })),
  });
}

/** The interval; of a mean over splits, what each split gave. */
function spreadOf(metric: Metric, splits: readonly number[]): string {
  const { interval, perSplit } = metric;
  if (perSplit) return perSplit.map((value, i) => `${splits[i] ?? i + 1}: ${sayValue(metric, value)}`).join(', ');
  return interval ? `${sayValue(metric, interval[0])} – ${sayValue(metric, interval[1])}` : '';
}

/** A value of a metric; a difference of fractions is in points, not in per cent. */
function sayValue({ name, unit }: Metric, value: number): string {
  return /^[^.]*(?:Gain|MinusChance)(?:\.|$)/.test(name) ? formatGain(value, unit) : formatValue(value, unit);
}

/** What is told against 0: gains, what is above chance, and its share of what chance leaves. */
const isDifference = ({ name }: Metric): boolean => /^[^.]*(?:Gain|MinusChance|OverChance)(?:\.|$)/.test(name);

function kindOf({ name, variant = '', split, unit }: Metric): string {
  return JSON.stringify([name, variant, split, unit]);
}

/** The plot's ends: 0 to 1 for fractions, else what the rows need and a little more; of differences 0 too. */
function rangeOf(metrics: readonly Metric[]): readonly [number, number] {
  const values = metrics
    .flatMap(({ value, interval = [], seeds = [], perSplit = [] }) => [value, ...interval, ...seeds, ...perSplit])
    .concat(metrics.some(isDifference) ? [0] : [])
    .filter(Number.isFinite);
  const isShare = metrics.every(({ unit }) => unit === 'fraction') && !metrics.some(isDifference);
  if (isShare && values.every((value) => value >= 0 && value <= 1)) return [0, 1];
  if (values.length === 0) return [0, 1];
  const low = Math.min(...values);
  const high = Math.max(...values);
  const margin = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1;
  return [low - margin, high + margin];
}
