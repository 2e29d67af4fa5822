import { lineChart, seriesTones, type Series } from './chart.js';
import type { ReportLimits, RunReport, TrainingRow } from './data.js';
import { capitalize, countOf, formatFigure, formatNumber, nameToWords } from './format.js';
import { html, type Content, type Markup } from './html.js';
import { chartCard, factList, table } from './page.js';

type Points = readonly (readonly [number, number])[];

/** One run's curves, or several runs side by side. */
export function trainingSection(runs: readonly RunReport[], limits: ReportLimits): Markup {
  const [only] = runs;
  if (only && runs.length === 1) return html`${factList(only.facts)}${curves(only, 'run-1', limits)}`;
  return html`${sideBySide(runs)}
    <div class="charts">${comparedCharts(runs, limits)}</div>
    ${runs.map(
      (run, i) =>
        html`<h3>${run.name}</h3>
          ${curves(run, `run-${i + 1}`, limits)}`,
    )}`;
}

/** Values of one column of `metrics.jsonl` over the steps; rows without it are passed over. */
export function columnPoints(rows: readonly TrainingRow[], name: string): Points {
  return rows.flatMap((row) => {
    const value = row[name];
    return typeof value === 'number' && Number.isFinite(value) ? [[row.step, value] as const] : [];
  });
}

/** Exponential moving average whose start is not pulled towards 0; `span` rows weigh most. */
export function smoothPoints(points: Points, span: number): Points {
  const keep = 1 - 2 / (Math.max(1, span) + 1);
  let sum = 0;
  let weight = 0;
  return points.map(([x, y]) => {
    sum = sum * keep + y;
    weight = weight * keep + 1;
    return [x, sum / weight] as const;
  });
}

function curves(run: RunReport, id: string, limits: ReportLimits): Markup {
  const loss = columnPoints(run.rows, 'loss');
  const common = { xName: 'step', maxPoints: limits.points };
  const cards: Content[] = [];
  if (loss.length > 0) {
    const smooth = smoothPoints(loss, loss.length / 15);
    cards.push(
      chartCard(
        'Loss',
        lineChart({
          ...common,
          id: `${id}-loss`,
          description: `Training loss: ${journey(loss)}; smoothed: ${journey(smooth)}.`,
          series: [
            { name: 'each logged step', points: loss, tone: 'accent', faint: true },
            { name: 'smoothed', points: smooth, tone: 'accent' },
          ],
        }),
        journey(smooth),
      ),
    );
  }
  for (const { name, unit, chance } of validationOf(run)) {
    const points = columnPoints(run.rows, name);
    if (points.length === 0) continue;
    const percent = unit === 'fraction';
    cards.push(
      chartCard(
        capitalize(nameToWords(name)),
        lineChart({
          ...common,
          id: `${id}-${name}`.replace(/[^A-Za-z0-9-]/g, '-'),
          description: `${capitalize(nameToWords(name))}: ${journey(points, percent)}.`,
          series: [{ name, points, tone: 'warm' }],
          percent,
          level: chance === undefined ? undefined : { value: chance, name: 'chance' },
        }),
        journey(points, percent),
      ),
    );
  }
  for (const [name, heading, percent] of [
    ['learningRate', 'Learning rate', false],
    ['samplesPerSecond', 'Samples per second', false],
    ['dataWaitShare', 'Time spent waiting for data', true],
  ] as const) {
    const points = columnPoints(run.rows, name);
    if (points.length === 0) continue;
    cards.push(
      chartCard(
        heading,
        lineChart({
          ...common,
          id: `${id}-${name}`,
          description: `${heading}: ${journey(points, percent)}.`,
          series: [{ name, points, tone: 'third' }],
          percent,
          fromZero: true,
        }),
        journey(points, percent),
      ),
    );
  }
  if (cards.length === 0) return html`<p>No steps have been logged.</p>`;
  return html`<div class="charts">${cards}</div>`;
}

function validationOf(run: RunReport): NonNullable<RunReport['validation']> {
  if (run.validation) return run.validation;
  const names = new Set(run.rows.flatMap((row) => Object.keys(row).filter((name) => name.startsWith('validation'))));
  return [...names].sort().map((name) => ({ name, unit: /accuracy/i.test(name) ? 'fraction' : '' }));
}

function comparedCharts(runs: readonly RunReport[], limits: ReportLimits): Content {
  const series = (name: string, span: (points: Points) => number): Series[] => {
    if (runs.length > seriesTones.length)
      return bandsOf(runs, (run) => {
        const points = columnPoints(run.rows, name);
        return smoothPoints(points, span(points));
      });
    return runs.flatMap((run, i) => {
      const points = columnPoints(run.rows, name);
      const tone = seriesTones[i % seriesTones.length]!;
      return points.length === 0 ? [] : [{ name: run.name, points: smoothPoints(points, span(points)), tone }];
    });
  };
  const names = [...new Set(runs.flatMap((run) => validationOf(run).map(({ name }) => name)))];
  const charts = [
    { name: 'loss', heading: 'Loss, smoothed', unit: '', lines: series('loss', (points) => points.length / 15) },
    ...names.map((name) => ({
      name,
      heading: capitalize(nameToWords(name)),
      unit: runs.flatMap((run) => validationOf(run)).find((one) => one.name === name)?.unit ?? '',
      lines: series(name, () => 1),
    })),
  ];
  return charts
    .flatMap(({ lines, ...chart }) => inCharts(lines).map((some, i) => ({ ...chart, lines: some, place: i + 1 })))
    .map(({ name, heading, unit, lines, place }) =>
      chartCard(
        heading,
        lineChart({
          id: `runs-${name}${place > 1 ? `-${place}` : ''}`.replace(/[^A-Za-z0-9-]/g, '-'),
          description: `${heading}. ${lines.map((line) => `${line.name}: ${journey(line.points, unit === 'fraction')}`).join('; ')}.`,
          series: lines,
          xName: 'step',
          percent: unit === 'fraction',
          maxPoints: limits.points,
        }),
      ),
    );
}

/** As many lines in each chart as have colours. */
function inCharts(lines: readonly Series[]): readonly (readonly Series[])[] {
  const count = Math.ceil(lines.length / seriesTones.length);
  return Array.from({ length: count }, (_, i) => lines.slice(i * seriesTones.length, (i + 1) * seriesTones.length));
}

/**
 * More runs than can be told apart, as one curve for each task: the mean over its runs at the steps that all of them have, in a band from the
 * lowest to the highest.
 */
export function bandsOf(runs: readonly RunReport[], pointsOf: (run: RunReport) => Points): Series[] {
  const tasks = [...new Set(runs.map(({ task }) => task))];
  const bands = tasks.flatMap((task): Omit<Series, 'tone'>[] => {
    const curves = runs
      .filter((run) => run.task === task)
      .flatMap((run) => {
        const points = pointsOf(run);
        return points.length === 0 ? [] : [new Map(points)];
      });
    const shared = [...(curves[0]?.keys() ?? [])].filter((step) => curves.every((curve) => curve.has(step)));
    const at = shared.map((step) => ({ step, values: curves.map((curve) => curve.get(step)!) }));
    if (at.length === 0) return [];
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    return [
      {
        name: `${task}, mean of ${countOf(curves.length, 'run')}, lowest to highest`,
        points: at.map(({ step, values }) => [step, mean(values)]),
        band: at.map(({ step, values }) => [step, Math.min(...values), Math.max(...values)]),
      },
    ];
  });
  return bands.map((band, i) => ({ ...band, tone: seriesTones[i % seriesTones.length]! }));
}

function sideBySide(runs: readonly RunReport[]): Markup {
  const labels = [...new Set(runs.flatMap((run) => run.facts.map(({ label }) => label)))];
  return table({
    caption: 'Runs side by side',
    columns: [{ name: '' }, ...runs.map(({ name }) => ({ name }))],
    rows: [
      { cells: ['Task', ...runs.map(({ task }) => task)] },
      ...labels.map((label) => ({
        cells: [label, ...runs.map((run) => valueOf(run, label))],
      })),
      { cells: ['Last loss, smoothed', ...runs.map(lastLoss)] },
    ],
  });
}

function valueOf(run: RunReport, label: string): string {
  const value = run.facts.find((fact) => fact.label === label)?.value ?? '–';
  return typeof value === 'number' ? formatFigure(value) : value;
}

function lastLoss({ rows }: RunReport): string {
  const loss = columnPoints(rows, 'loss');
  const last = smoothPoints(loss, loss.length / 15).at(-1);
  return last ? formatNumber(last[1]) : '–';
}

/** `0.693 at step 1 to 0.412 at step 600`, for people who do not see the curve. */
function journey(points: Points, percent = false): string {
  const say = (point: readonly [number, number] | undefined) =>
    point
      ? `${percent ? `${formatNumber(point[1] * 100)} %` : formatNumber(point[1])} at step ${formatFigure(point[0])}`
      : 'nothing';
  return points.length === 1 ? say(points[0]) : `${say(points[0])} to ${say(points.at(-1))}`;
}
