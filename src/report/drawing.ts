import { ptsToSeconds, type Metric, type Shot, type TimeBase } from '../core/index.js';
import { formatTime } from './format.js';
import type { MotionCurve } from './data.js';
import { html, type Markup } from './html.js';

const width = 440;

/** Shots along a video's time axis; underneath, where there is sound, how loud it is beside its loudest moment. */
export function shotTimeline({
  shots,
  timeBase,
  startPts,
  endPts,
  envelope,
}: {
  readonly shots: readonly Shot[];
  readonly timeBase: TimeBase;
  readonly startPts: number;
  readonly endPts: number;
  readonly envelope?: readonly number[] | undefined;
}): Markup {
  const seconds = Math.max(1e-9, ptsToSeconds(endPts - startPts, timeBase));
  const at = (pts: number) => ((pts - startPts) / Math.max(1, endPts - startPts)) * width;
  const height = envelope ? 62 : 20;
  return html`<svg
    viewBox="0 0 ${width} ${height}"
    role="img"
    aria-label="${shots.length} shots over ${formatTime(seconds)}${envelope ? ', and how loud it is' : ''}"
  >
    ${shots.map(
      (shot, i) =>
        html`<rect
          x="${round(at(shot.startPts))}"
          y="0"
          width="${round(Math.max(1, at(shot.endPts) - at(shot.startPts) - 2))}"
          height="14"
          rx="2"
          fill="var(--${i % 2 === 0 ? 'accent' : 'third'})"
        />`,
    )}
    ${envelope && html`<path d="${envelopePath(envelope, 42, 18)}" fill="var(--soft)" fill-opacity=".55" />`}
  </svg>`;
}

/** A motion curve with the chosen window shaded and the sampled moments named. */
export function motionCurve(curve: MotionCurve): Markup {
  const { seconds, values, window, marks = [], unit } = curve;
  const first = Math.min(...seconds.slice(0, 1), ...(window ?? []), ...marks.map((mark) => mark.seconds));
  const last = Math.max(...seconds.slice(-1), ...(window ?? []), ...marks.map((mark) => mark.seconds));
  const top = values.reduce((a, b) => (Number.isFinite(b) ? Math.max(a, b) : a), 0) || 1;
  const x = (time: number) => round(((time - first) / Math.max(1e-9, last - first)) * width);
  const y = (value: number) => round(74 - (value / top) * 56);
  const line = values.flatMap((value, i) => (Number.isFinite(value) ? [`${x(seconds[i] ?? first)} ${y(value)}`] : []));
  const chosen = window ? `; chosen: ${formatTime(window[0])} to ${formatTime(window[1])}` : '';
  return html`<svg
    class="curve"
    viewBox="0 0 ${width} 92"
    role="img"
    aria-label="Motion from ${formatTime(first)} to ${formatTime(last)}, at most ${round(top)} ${unit}${chosen}"
  >
    ${
      window &&
      html`<rect
        x="${x(window[0])}"
        y="14"
        width="${round(x(window[1]) - x(window[0]))}"
        height="60"
        fill="var(--accent-soft)"
      />`
    }
    <line x1="0" y1="74.5" x2="${width}" y2="74.5" stroke="var(--soft)" />
    ${line.length > 0 && html`<path d="M${line.join('L')}" fill="none" stroke="var(--accent)" stroke-width="1.8" stroke-linejoin="round" />`}
    ${marks.map(
      (mark) =>
        html`<line x1="${x(mark.seconds)}" y1="16" x2="${x(mark.seconds)}" y2="74" stroke="var(--warm)" /><text
            x="${Math.min(Math.max(5, x(mark.seconds)), width - 5)}"
            y="11"
            text-anchor="middle"
            font-size="13"
            fill="var(--warm)"
            >${mark.label}</text
          >`,
    )}
    <text x="0" y="89" font-size="12" fill="var(--soft)">${formatTime(first)}</text>
    <text x="${width}" y="89" font-size="12" text-anchor="end" fill="var(--soft)">${formatTime(last)}</text>
    <text x="${width / 2}" y="89" font-size="12" text-anchor="middle" fill="var(--soft)">
      peak ${round(top)} ${unit}
    </text>
  </svg>`;
}

/** Where a value and its interval lie on a common axis; single seeds or splits are small marks, chance is a dashed line. */
export function intervalPlot({
  metric,
  range,
  level,
  own,
}: {
  readonly metric: Metric;
  readonly range: readonly [low: number, high: number];
  readonly level: number | null;
  readonly own: boolean;
}): Markup {
  const x = (value: number) => round(8 + ((value - range[0]) / Math.max(1e-12, range[1] - range[0])) * 224);
  const tone = own ? 'accent' : 'soft';
  return html`<svg viewBox="0 0 240 24" aria-hidden="true">
    <line x1="8" y1="12" x2="232" y2="12" stroke="var(--grid)" />
    ${level !== null && html`<line x1="${x(level)}" y1="0" x2="${x(level)}" y2="24" stroke="var(--warm)" stroke-dasharray="3 3" />`}
    ${
      metric.interval &&
      html`<line
        x1="${x(metric.interval[0])}"
        y1="12"
        x2="${x(metric.interval[1])}"
        y2="12"
        stroke="var(--${tone})"
        stroke-width="6"
        stroke-opacity=".32"
        stroke-linecap="round"
      />`
    }
    ${(metric.seeds ?? metric.perSplit)?.map((seed) => html`<line x1="${x(seed)}" y1="5" x2="${x(seed)}" y2="19" stroke="var(--${tone})" stroke-opacity=".6" />`)}
    <circle cx="${x(metric.value)}" cy="12" r="4.5" fill="var(--${tone})" />
  </svg>`;
}

function envelopePath(envelope: readonly number[], middle: number, reach: number): string {
  const x = (i: number) => round((i / Math.max(1, envelope.length - 1)) * width);
  const loudest = envelope.reduce((a, b) => (Number.isFinite(b) ? Math.max(a, b) : a), 0) || 1;
  const loud = envelope.map((value) => (Number.isFinite(value) ? Math.max(0, value / loudest) : 0) * reach + 0.5);
  const up = loud.map((value, i) => `${x(i)} ${round(middle - value)}`);
  const down = loud.map((value, i) => `${x(i)} ${round(middle + value)}`).reverse();
  return up.length === 0 ? '' : `M${[...up, ...down].join('L')}Z`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
