import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { formatCount, formatNumber } from './format.js';
import { html, trustedMarkup, type Markup } from './html.js';

use([LineChart, BarChart, GridComponent, MarkLineComponent, SVGRenderer]);

/** A colour of the page's palette: a variable of the style sheet. */
export type Tone = 'accent' | 'warm' | 'third' | 'fourth' | 'soft' | 'ink' | 'grid';

/** Tones for several things side by side, in order. */
export const seriesTones = ['accent', 'warm', 'third', 'fourth', 'soft'] as const satisfies readonly Tone[];

/** One curve. */
export interface Series {
  readonly name: string;
  /** [x, y] pairs, x rising; points that are not finite are left out. */
  readonly points: readonly (readonly [number, number])[];
  readonly tone: Tone;
  /** Drawn thin and pale, as raw values behind smoothed ones. */
  readonly faint?: boolean;
  /** A pale band, such as a 95 % interval: [x, low, high], x rising. */
  readonly band?: readonly (readonly [number, number, number])[];
}

// ECharts computes with colours, so it is given plain ones, each of which becomes a variable of the style sheet in the SVG.
const stand: Readonly<Record<Tone, string>> = {
  accent: '#010a01',
  warm: '#010a02',
  third: '#010a03',
  fourth: '#010a04',
  soft: '#010a05',
  ink: '#010a06',
  grid: '#010a07',
};

const size = { width: 470, height: 240 };

/**
 * Curves over a common axis, as an inline SVG with a legend. `id` is unique in the page, since names inside the SVG start
 * with it; `description` says what can be seen; `level` is a dashed horizontal line, such as chance, `mark` a vertical one.
 */
export function lineChart({
  id,
  description,
  series,
  xName,
  percent = false,
  fromZero = false,
  level,
  mark,
  maxPoints = 400,
}: {
  readonly id: string;
  readonly description: string;
  readonly series: readonly Series[];
  readonly xName: string;
  readonly percent?: boolean;
  readonly fromZero?: boolean;
  readonly level?: { readonly value: number; readonly name: string } | undefined;
  readonly mark?: { readonly x: number; readonly name: string } | undefined;
  readonly maxPoints?: number;
}): Markup {
  const drawn = series
    .map((one) => ({ ...one, points: thin(one.points, maxPoints) }))
    .filter((one) => one.points.length > 0);
  const ys = [
    ...drawn.flatMap((one) => one.points.map(([, y]) => y)),
    ...drawn.flatMap(({ band = [] }) => band.flatMap(([, low, high]) => [low, high])),
    ...(level ? [level.value] : []),
    ...(fromZero ? [0] : []),
  ];
  const axis = roundAxis(ys);
  const label = (value: number) => (percent ? `${formatNumber(value * 100)} %` : formatNumber(value));
  const svg = draw(id, description, size.height, {
    grid: { left: 8, right: 16, top: 12, bottom: 26 },
    xAxis: {
      type: 'value',
      min: 'dataMin',
      max: 'dataMax',
      minInterval: 1, // steps are whole
      name: xName,
      nameLocation: 'middle',
      nameGap: 24,
      nameTextStyle: { color: stand.soft, fontSize: 12 },
      axisLabel: {
        ...labelStyle,
        formatter: formatCount,
        hideOverlap: true,
        alignMinLabel: 'left',
        alignMaxLabel: 'right',
      },
      axisLine: { lineStyle: { color: stand.soft } },
      axisTick: { show: false },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value',
      ...axis,
      axisLabel: { ...labelStyle, formatter: label, hideOverlap: true },
      splitLine: { lineStyle: { color: stand.grid } },
    },
    series: [
      ...drawn.map((one, i) => ({
        type: 'line',
        name: one.name,
        data: one.points,
        silent: true,
        emphasis: { disabled: true },
        // A lone point has no line to be seen by.
        showSymbol: one.points.length === 1,
        symbol: 'circle',
        symbolSize: 6,
        itemStyle: { color: stand[one.tone] },
        lineStyle: { color: stand[one.tone], width: one.faint ? 1 : 2, opacity: one.faint ? 0.4 : 1 },
        ...(i === 0 && (level || mark) ? { markLine: guides(level, mark) } : {}),
      })),
      ...drawn.flatMap(bandSeries),
    ],
  });
  return html`${drawn.length > 1 && legend(drawn)}${svg}`;
}

function guides(
  level: { readonly value: number; readonly name: string } | undefined,
  mark: { readonly x: number; readonly name: string } | undefined,
) {
  const label = { color: stand.soft, fontSize: 12 };
  return {
    silent: true,
    symbol: 'none',
    lineStyle: { color: stand.soft, type: 'dashed', width: 1 },
    data: [
      ...(level
        ? [{ yAxis: level.value, label: { ...label, position: 'insideEndTop', formatter: () => level.name } }]
        : []),
      ...(mark
        ? [{ xAxis: mark.x, label: { ...label, position: 'insideEndBottom', formatter: () => mark.name } }]
        : []),
    ],
  };
}

/** A band as an area that is stacked on its lower edge, which itself is not drawn. */
function bandSeries({ band = [], tone }: Series, i: number) {
  if (band.length < 2) return [];
  const common = {
    type: 'line',
    name: '',
    stack: `band-${i}`,
    stackStrategy: 'all',
    silent: true,
    emphasis: { disabled: true },
    showSymbol: false,
    symbol: 'none',
    lineStyle: { width: 0, opacity: 0 },
    itemStyle: { color: stand[tone] },
  };
  return [
    { ...common, data: band.map(([x, low]) => [x, low]) },
    {
      ...common,
      data: band.map(([x, low, high]) => [x, high - low]),
      areaStyle: { color: stand[tone], opacity: 0.16 },
    },
  ];
}

/** Horizontal bars with their counts or shares, the longest first, as an inline SVG. */
export function barChart({
  id,
  description,
  bars,
  tone = 'warm',
  percent = false,
}: {
  readonly id: string;
  readonly description: string;
  readonly bars: readonly { readonly name: string; readonly value: number }[];
  readonly tone?: Tone;
  /** Values are fractions, on an axis from 0 to 1. */
  readonly percent?: boolean;
}): Markup {
  const sorted = [...bars].sort((a, b) => a.value - b.value || (a.name < b.name ? 1 : -1));
  const longest = bars.reduce((length, { name }) => Math.max(length, name.length), 0);
  return draw(id, description, 16 + 30 * Math.max(1, sorted.length), {
    grid: { left: 12 + 8 * longest, right: 64, top: 4, bottom: 4, outerBoundsMode: 'none' },
    xAxis: { type: 'value', show: false, min: 0, ...(percent ? { max: 1 } : {}) },
    yAxis: {
      type: 'category',
      data: sorted.map(({ name }) => name),
      axisLabel: { ...labelStyle, color: stand.ink, fontSize: 13 },
      axisLine: { show: false },
      axisTick: { show: false },
    },
    series: [
      {
        type: 'bar',
        data: sorted.map(({ value }) => value),
        silent: true,
        emphasis: { disabled: true },
        barWidth: 14,
        barMinHeight: 2,
        itemStyle: { color: stand[tone], borderRadius: [0, 3, 3, 0] },
        label: {
          show: true,
          position: 'right',
          color: stand.ink,
          fontSize: 13,
          formatter: ({ value }: { value: number }) => (percent ? `${(value * 100).toFixed(1)} %` : formatCount(value)),
        },
      },
    ],
  });
}

/** A legend of coloured strokes, as a list. */
export function legend(
  entries: readonly { readonly name: string; readonly tone: Tone; readonly faint?: boolean }[],
): Markup {
  return html`<ul class="legend">
    ${entries.map(
      ({ name, tone, faint }) =>
        html`<li><span style="background:var(--${tone})${faint ? ';opacity:.4' : ''}"></span>${name}</li>`,
    )}
  </ul>`;
}

/**
 * At most `limit` points: each bucket's lowest and highest, and both ends.
 *
 * @returns the points themselves where they are few enough, without those that are not finite.
 */
export function thin(points: readonly (readonly [number, number])[], limit: number): (readonly [number, number])[] {
  const finite = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  if (finite.length <= Math.max(limit, 4)) return finite;
  const kept = new Set([0, finite.length - 1]);
  const buckets = Math.floor((Math.max(limit, 4) - 2) / 2);
  for (let b = 0; b < buckets; b++) {
    const from = Math.floor((b * finite.length) / buckets);
    const to = Math.floor(((b + 1) * finite.length) / buckets);
    let lowest = from;
    let highest = from;
    for (let i = from; i < to; i++) {
      if (finite[i]![1] < finite[lowest]![1]) lowest = i;
      if (finite[i]![1] > finite[highest]![1]) highest = i;
    }
    kept.add(lowest).add(highest);
  }
  return [...kept].sort((a, b) => a - b).map((i) => finite[i]!);
}

const labelStyle = { color: stand.soft, fontSize: 12 };

function draw(id: string, description: string, height: number, option: Readonly<Record<string, unknown>>): Markup {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: size.width, height });
  try {
    chart.setOption({ animation: false, backgroundColor: 'transparent', ...option });
    return trustedMarkup(tidy(chart.renderToSVGString(), id, description));
  } finally {
    chart.dispose(); // an undisposed chart keeps the process alive
  }
}

/** Takes out what differs from chart to chart or asks the outside, and lets colours follow the page. */
function tidy(svg: string, id: string, description: string): string {
  let out = svg
    .replace(/<style[^]*?<\/style>/g, '')
    .replace(/<\?xml[^>]*>/g, '')
    .replace(/ (?:class|xmlns|xmlns:xlink|version|baseProfile|pointer-events|ecmeta_\w+)="[^"]*"/g, '')
    .replace(/zr\d+-/g, `${id}-`)
    .replace(/font-family:[^;"]*;?/g, '')
    .replace(/^<svg /, String(html`<svg role="img" aria-label="${description}" `))
    .trim();
  for (const [tone, colour] of Object.entries(stand)) out = out.replaceAll(colour, `var(--${tone})`);
  return out;
}

/** Round ends and steps of an axis that holds all values, in at most 5 steps. */
export function roundAxis(values: readonly number[]): {
  readonly min: number;
  readonly max: number;
  readonly interval: number;
} {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (low > high) return { min: 0, max: 1, interval: 0.5 };
  const range = high - low || Math.abs(high) || 1;
  const power = Number(`1e${Math.floor(Math.log10(range / 4))}`);
  const interval = [1, 2, 5, 10].map((n) => n * power).find((step) => range / step <= 4.5) ?? 10 * power;
  // A whisker of tolerance: 0.3 / 0.1 is not quite 3.
  const min = Math.floor(low / interval + 1e-9) * interval;
  const max = Math.ceil(high / interval - 1e-9) * interval;
  return { min, max: max > min ? max : min + interval, interval };
}
