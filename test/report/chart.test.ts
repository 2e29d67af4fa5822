import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { barChart, lineChart, roundAxis, thin } from '../../src/report/chart.js';
import { checkMarkup } from './balanced.js';

const wave = (count: number) => Array.from({ length: count }, (_, i) => [i + 1, Math.sin(i / 9)] as const);
/** Points of the path drawn in a tone. */
const pointsIn = (svg: string, tone: string) =>
  [...svg.matchAll(/<path d="([^"]*)"[^>]*>/g)]
    .filter(([whole]) => whole.includes(`stroke="var(--${tone})"`))
    .map(([, path = '']) => path.match(/[ML]/g)?.length ?? 0);

describe('lineChart', () => {
  const chart = (count: number, id = 'loss') =>
    String(
      lineChart({
        id,
        description: 'a & "b"',
        xName: 'step',
        series: [{ name: 's', points: wave(count), tone: 'warm' }],
      }),
    );

  it('draws every point that it is given', () => {
    expect(pointsIn(chart(173), 'warm')).toEqual([173]);
  });

  it('draws the same point where the data is the same, in the order of x', () => {
    const svg = String(
      lineChart({
        id: 'a',
        description: '',
        xName: 'x',
        series: [
          {
            name: 's',
            points: [
              [0, 0],
              [10, 1],
              [20, 0.5],
            ],
            tone: 'warm',
          },
        ],
      }),
    );
    const path = /<path d="M([^"]*)"[^>]*stroke="var\(--warm\)"/.exec(svg)?.[1] ?? '';
    const [a, b, c] = path.split('L').map((pair) => pair.split(' ').map(Number));
    expect(b![0]! - a![0]!).toBeCloseTo(c![0]! - b![0]!, 0); // evenly spaced in x
    expect(c![1]! - b![1]!).toBeCloseTo((a![1]! - b![1]!) / 2, 0); // halfway down, and up is less
    expect(b![1]!).toBeLessThan(a![1]!);
  });

  it('gives the same text each time, and names of its own to each chart', () => {
    expect(chart(50)).toBe(chart(50));
    const both = `<div>${chart(50, 'one')}${chart(50, 'two')}</div>`;
    expect(checkMarkup(both).faults).toEqual([]);
    expect(both).toContain('id="one-c0"');
    expect(both).toContain('url(#two-c0)');
    expect(both).not.toMatch(/zr\d/);
  });

  it('says what it shows, escaped, and asks nothing of the outside', () => {
    expect(chart(5)).toMatch(/^<svg role="img" aria-label="a &#38; &#34;b&#34;"/);
    expect(chart(5)).not.toMatch(/https?:|<style|<script|class=/);
  });

  it('escapes hostile names in the drawing', () => {
    const hostile = '</text><script>x</script>';
    const svg = String(
      lineChart({
        id: 'h',
        description: hostile,
        xName: hostile,
        series: [
          { name: hostile, points: wave(3), tone: 'accent' },
          { name: hostile, points: wave(3), tone: 'warm' },
        ],
        level: { value: 0, name: hostile },
      }),
    );
    expect(svg).not.toContain('<script');
    expect(checkMarkup(`<div>${svg}</div>`).faults).toEqual([]);
  });

  it('leaves out what is not finite and draws an empty frame from nothing', () => {
    const points = [
      [0, 1],
      [1, NaN],
      [2, Infinity],
      [3, 2],
    ] as const;
    const svg = String(
      lineChart({ id: 'n', description: '', xName: 'x', series: [{ name: 's', points, tone: 'warm' }] }),
    );
    expect(pointsIn(svg, 'warm')).toEqual([2]);
    expect(svg).not.toContain('NaN');
    expect(String(lineChart({ id: 'e', description: '', xName: 'x', series: [] }))).toContain('</svg>');
  });

  it('shows a level, and a lone point as a dot', () => {
    const svg = String(
      lineChart({
        id: 'p',
        description: '',
        xName: 'x',
        series: [{ name: 's', points: [[5, 0.6]], tone: 'warm' }],
        level: { value: 0.5, name: 'chance' },
      }),
    );
    expect(svg).toContain('>chance</text>');
    expect(svg).toMatch(/stroke-dasharray/);
    expect(svg).toMatch(/fill="var\(--warm\)"/);
  });
});

describe('barChart', () => {
  it('draws one bar for each count, with its name and number, in proportion', () => {
    const bars = [
      { name: 'cut', value: 20 },
      { name: 'looks-same', value: 80 },
      { name: 'still', value: 40 },
    ];
    const svg = String(barChart({ id: 'b', description: 'bars', bars }));
    for (const { name, value } of bars) {
      expect(svg).toContain(`>${name}</text>`);
      expect(svg).toContain(`>${value}</text>`);
    }
    const lengths = [...svg.matchAll(/<path d="M([\d.]+) [\d.]+L([\d.]+) [^"]*"[^>]*fill="var\(--warm\)"/g)]
      .map(([, from, to]) => Number(to) - Number(from))
      .sort((a, b) => a - b);
    expect(lengths).toHaveLength(3);
    // Ends are rounded by 3 pixels, which the straight edge lacks.
    expect((lengths[2]! + 3) / (lengths[0]! + 3)).toBeCloseTo(4, 1);
    expect((lengths[1]! + 3) / (lengths[0]! + 3)).toBeCloseTo(2, 1);
  });
});

describe('thin', () => {
  it('keeps both ends, every extreme and the order, and never more than asked', () => {
    const random = createRandom(7);
    for (const [count, limit] of [
      [401, 400],
      [5000, 100],
      [37, 10],
      [1000, 3],
    ] as const) {
      const points = Array.from({ length: count }, (_, i) => [i, random.normal()] as const);
      const kept = thin(points, limit);
      expect(kept.length).toBeLessThanOrEqual(Math.max(4, limit));
      expect(kept[0]).toEqual(points[0]);
      expect(kept.at(-1)).toEqual(points.at(-1));
      expect(Math.max(...kept.map(([, y]) => y))).toBe(Math.max(...points.map(([, y]) => y)));
      expect(Math.min(...kept.map(([, y]) => y))).toBe(Math.min(...points.map(([, y]) => y)));
      expect(kept.every(([x], i) => i === 0 || x > kept[i - 1]![0])).toBe(true);
    }
  });

  it('leaves short curves whole', () => {
    expect(thin(wave(400), 400)).toHaveLength(400);
  });
});

describe('roundAxis', () => {
  it.each([
    [[0.0012, 0.0098], 0, 0.01, 0.002],
    [[0.52, 0.83], 0.5, 0.9, 0.1],
    [[0, 0.01], 0, 0.01, 0.0025],
    [[3, 3], 3, 4, 1],
    [[-5, 5], -5, 5, 2.5],
  ])('finds round ends for %j', (values, min, max) => {
    const axis = roundAxis(values);
    expect(axis.min).toBeCloseTo(axis.interval * Math.round(axis.min / axis.interval), 9);
    expect(axis.min).toBeLessThanOrEqual(Math.min(...values) + 1e-9);
    expect(axis.max).toBeGreaterThanOrEqual(Math.max(...values) - 1e-9);
    expect((axis.max - axis.min) / axis.interval).toBeLessThanOrEqual(6);
    expect(axis.max).toBeLessThanOrEqual(max + axis.interval);
    expect(axis.min).toBeGreaterThanOrEqual(min - axis.interval);
  });
});
