import { describe, expect, it } from 'vitest';
import type { Metric, MetricCurve } from '../../src/core/index.js';
import { lineChart } from '../../src/report/chart.js';
import { renderReport, type ResultReport } from '../../src/report/index.js';
import { checkMarkup } from './balanced.js';

const kind = {
  unit: 'dB',
  direction: 'higher',
  split: 'held-out',
  examples: 9,
  name: 'psnr',
  variant: 'frame',
} as const;
const curve = (of: string | null, from: number, more: Partial<MetricCurve> = {}): MetricCurve => ({
  ...kind,
  of,
  stepName: 'frame',
  steps: [5, 6, 7, 8],
  values: [from, from - 1, from - 3, from - 4],
  intervals: [0, 1, 2, 3].map((i) => [from - i - 1.5, from - i + 1.5] as const),
  horizon: 7,
  ...more,
});
const metric: Metric = { ...kind, value: 22, interval: [21, 23] };

const result = (subject: string, curves: readonly MetricCurve[]): ResultReport => ({
  protocol: 'prediction',
  subject,
  facts: [],
  metrics: [metric, { ...metric, variant: 'channel', value: 23 }],
  rivals: [{ name: 'copy-last', metrics: [{ ...metric, value: 19, interval: [18, 20] }] }],
  curves,
});

describe('curves of a result', () => {
  it('are drawn beside those of rivals, with bands and the last step that was trained for', () => {
    const curves = [curve(null, 25), curve(null, 27, { selection: 'best of 20' }), curve('copy-last', 20)];
    const page = renderReport({ title: 't', results: [result('mine', curves)] });
    expect(checkMarkup(page).faults).toEqual([]);
    for (const text of ['mine, best of 20', 'copy-last', 'trained for', '25 dB at 5 to 21 dB at 8'])
      expect(page.replace(/[\u2009\u202f\u00a0]/g, ' ')).toContain(text);
    expect(page.match(/aria-label="PSNR \(frame\), held-out, higher is better/g)).toHaveLength(1);
    expect(page.match(/fill-opacity="0.16"/g)).toHaveLength(3);
  });

  it('keep variants of one metric in tables of their own', () => {
    const page = renderReport({ title: 't', results: [result('mine', [])] });
    expect(page).toContain('PSNR (frame; higher is better), prediction');
    expect(page).toContain('PSNR (channel; higher is better), prediction');
    expect(page).toContain('The strongest simple rival is copy-last');
    expect(page).not.toContain('there is no chance value');
  });

  it('share a chart over several results, where equal rivals stand once', () => {
    const results = [
      result('one', [curve(null, 25), curve('copy-last', 20)]),
      result('two', [curve(null, 24), curve('copy-last', 20)]),
    ];
    const page = renderReport({ title: 't', results });
    const legend = /<ul class="legend">[^]*?<\/ul>/.exec(page)![0];
    expect(legend.match(/<li>/g)).toHaveLength(3);
  });

  it('of rivals that differ from result to result say beside whom they stand', () => {
    const results = [
      result('one', [curve(null, 25), curve('copy-last', 20), curve('zero', 5)]),
      result('two', [curve(null, 24), curve('copy-last', 18), curve('zero', 5)]),
    ];
    const page = renderReport({ title: 't', results });
    const names = [.../<ul class="legend">[^]*?<\/ul>/.exec(page)![0].matchAll(/<\/span>([^<]*)/g)].map(([, name]) => name!.trim()); // prettier-ignore
    expect(names).toEqual(['one', 'two', 'copy-last (of one)', 'zero', 'copy-last (of two)']);
  });

  it('that are too many to be told apart are named under the chart', () => {
    const rivals = ['copy-last', 'mean', 'linear', 'block-motion', 'zero', 'untrained'];
    const curves = [curve(null, 25), ...rivals.map((name, i) => curve(name, 20 - i))];
    const page = renderReport({ title: 't', results: [result('mine', curves)] });
    expect(page).toContain('Not drawn: zero, untrained.');
    expect(renderReport({ title: 't', results: [result('mine', curves.slice(0, 5))] })).not.toContain('Not drawn');
  });

  it('have bands from the low end to the high one', () => {
    const chart = String(
      lineChart({
        id: 'a',
        description: '',
        xName: 'x',
        series: [
          { name: 'guide', tone: 'warm', points: [[0, 0], [10, 4]] },
          { name: 's', tone: 'accent', points: [[0, 2], [10, 2]], band: [[0, 0, 4], [10, 0, 4]] },
        ],
      }),
    ); // prettier-ignore
    const rises = /<path d="M([^"]*)"[^>]*stroke="var\(--warm\)"/.exec(chart)![1]!;
    const [bottom, top] = rises.split('L').map((pair) => Number(pair.split(' ')[1]));
    const area = /<path d="M([^"]*)Z?"[^>]*fill-opacity="0.16"/.exec(chart)![1]!;
    const heights = area
      .replace('Z', '')
      .split('L')
      .map((pair) => Number(pair.trim().split(' ')[1]));
    expect(Math.min(...heights)).toBeCloseTo(top!, 0);
    expect(Math.max(...heights)).toBeCloseTo(bottom!, 0);
  });
});
