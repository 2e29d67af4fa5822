import { isSameKind, type MetricCurve } from '../core/index.js';
import { lineChart, seriesTones, type Series } from './chart.js';
import type { ResultReport } from './data.js';
import { capitalize, formatFigure, formatValue, nameToWords } from './format.js';
import { html, type Markup } from './html.js';
import { chartCard } from './page.js';

interface NamedCurve {
  readonly name: string;
  readonly curve: MetricCurve;
  /** Of a rival: whose rival it is. */
  readonly beside?: string;
}

/** A chart for each metric that results have step by step, with their 95 % intervals; null where there is none. */
export function curveCharts(protocol: string, results: readonly ResultReport[]): Markup | null {
  const own = results.flatMap(({ subject, curves = [] }) =>
    curves.filter(({ of }) => of === null).map((curve) => ({ name: nameOf(subject, curve), curve })),
  );
  const rivals = results.flatMap(({ subject, curves = [] }) =>
    curves.flatMap((curve) => (curve.of === null ? [] : [{ name: nameOf(curve.of, curve), curve, beside: subject }])),
  );
  const kinds: MetricCurve[] = [];
  for (const { curve } of own) if (!kinds.some((kind) => isSameKind(kind, curve))) kinds.push(curve);
  if (kinds.length === 0) return null;
  return html`<p class="quiet">
      Bands are 95 % intervals over sequences. The dashed line is the last step that was trained for.
    </p>
    <div class="charts">
      ${kinds.map((kind, i) => {
        const same = [...own, ...rivals].filter(({ curve }) => isSameKind(curve, kind));
        return curveChart(`${protocol}-curve-${i + 1}`, kind, uniqueByName(same));
      })}
    </div>`;
}

function curveChart(id: string, kind: MetricCurve, curves: readonly NamedCurve[]): Markup {
  // more cannot be told apart
  const drawn = curves.slice(0, seriesTones.length);
  const others = curves.slice(seriesTones.length).map(({ name }) => name);
  const variant = kind.variant === undefined ? '' : ` (${kind.variant})`;
  const heading = `${capitalize(nameToWords(kind.name))}${variant}, ${kind.split}`;
  const horizon = kind.horizon !== undefined && kind.steps.includes(kind.horizon) ? kind.horizon : undefined;
  const isLast = horizon === kind.steps.at(-1);
  return chartCard(
    heading,
    lineChart({
      id: id.replace(/[^A-Za-z0-9-]/g, '-'),
      description: `${heading}, ${kind.direction} is better. ${drawn.map(describe).join('; ')}.`,
      xName: kind.stepName,
      percent: kind.unit === 'fraction',
      series: drawn.map(({ name, curve }, i): Series => {
        const { steps, values, intervals } = curve;
        return {
          name,
          tone: seriesTones[i]!,
          points: steps.map((step, at) => [step, values[at]!]),
          ...(intervals ? { band: steps.map((step, at) => [step, ...intervals[at]!]) } : {}),
        };
      }),
      ...(horizon === undefined || isLast ? {} : { mark: { x: horizon, name: 'trained for' } }),
    }),
    others.length > 0 ? `Not drawn: ${others.join(', ')}.` : undefined,
  );
}

function nameOf(who: string, { selection }: MetricCurve): string {
  return selection === undefined ? who : `${who}, ${selection}`;
}

/** Rivals stand in every result: equal ones are drawn once, and those that differ say beside whom they stand. */
function uniqueByName(curves: readonly NamedCurve[]): NamedCurve[] {
  const valuesOf = (one: NamedCurve) => String(one.curve.values);
  const kept = new Map<string, NamedCurve>();
  for (const one of curves) {
    const differs = curves.some((other) => other.name === one.name && valuesOf(other) !== valuesOf(one));
    const name = differs && one.beside !== undefined ? `${one.name} (of ${one.beside})` : one.name;
    const before = kept.get(name);
    if (before && valuesOf(before) === valuesOf(one)) continue;
    const own = before ? `${name} (${kept.size})` : name; // of results that are called the same
    kept.set(own, { ...one, name: own });
  }
  return [...kept.values()];
}

function describe({ name, curve: { steps, values, unit } }: NamedCurve): string {
  const at = (i: number) => `${formatValue(values.at(i) ?? NaN, unit)} at ${formatFigure(steps.at(i) ?? 0)}`;
  return values.length < 2 ? `${name}: ${at(0)}` : `${name}: ${at(0)} to ${at(-1)}`;
}
