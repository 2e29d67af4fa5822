import { describe, expect, it } from 'vitest';
import type { Rival } from '../../src/core/index.js';
import { gainMetric, gainVerdict } from '../../src/report/verdict.js';
import { orderVerdicts, standingOf, standingsTable } from '../../src/report/standing.js';
import { makeMean, makeRecognition, share } from './result-fixture.js';

const rival = (name: string, value: number, interval?: readonly [number, number]): Rival => ({
  name,
  metrics: [share('top1', value, interval)],
});
const own = share('top1', 0.5, [0.45, 0.55]);
const chance = rival('chance', 0.2);
const below = rival('untrained', 0.3, [0.25, 0.35]);
const near = rival('untrained', 0.47, [0.42, 0.52]);

describe('standingOf', () => {
  it.each([
    ['beats all', [chance, below, rival('colours', 0.3, [0.2, 0.4])], 'better', 'learned'],
    ['beats chance alone', [chance, near, rival('colours', 0.3, [0.2, 0.4])], 'includes', 'no gain shown'],
    ['is no better than chance', [rival('chance', 0.5), below], 'includes', 'not shown'],
    [
      'does not reach a simple rule',
      [chance, below, rival('colours', 0.7, [0.6, 0.8])],
      'worse',
      'learned, not beyond colours',
    ],
    [
      'lies beside a simple rule',
      [chance, below, rival('colours', 0.5, [0.4, 0.6])],
      'includes',
      'learned, not beyond colours',
    ],
    ['has untrained weights without an interval', [chance, rival('untrained', 0.2)], 'unknown', 'cannot be said'],
    ['was compared with chance alone', [chance], 'unknown', 'cannot be said'],
    ['has a simple rival alone', [rival('copy-last', 0.2, [0.1, 0.3])], 'better', 'learned'],
  ] as const)('judges what %s', (_, rivals, side, short) => {
    expect(standingOf({ metrics: [own], rivals })).toMatchObject({ side, short });
  });

  it('names the simple rule that does as well', () => {
    const rivals = [chance, below, rival('colours', 0.7, [0.6, 0.8]), rival('gradients', 0.6, [0.55, 0.65])];
    expect(standingOf({ metrics: [own], rivals })!.text).toContain('colours does better without learning');
  });

  it('has nothing to say of nothing', () => {
    expect(standingOf({ metrics: [], rivals: [] })).toBeNull();
  });
});

describe('gainVerdict', () => {
  it('goes by the interval of the gain where the result has it', () => {
    // The intervals of the two overlap, but the difference of the same draws is clear.
    expect(gainVerdict(own, [near])?.side).toBe('includes');
    const metrics = [own, share('top1Gain', 0.03, [0.01, 0.05])];
    const verdict = gainVerdict(own, [near], metrics)!;
    expect(verdict.side).toBe('better');
    expect(verdict.text).toContain('3.0 points better than untrained weights (95 % interval 1.0 to 5.0 points)');
    const noisy = gainVerdict(own, [below], [own, share('top1Gain', 0.2, [-0.01, 0.4])])!;
    expect(noisy.side).toBe('includes');
    expect(noisy.text).toContain('−1.0 to 40.0 points');
    expect(gainVerdict(own, [near], [own, share('top1Gain', -0.2, [-0.3, -0.1])])?.side).toBe('worse');
  });

  it('finds the gain of the same measure and split alone', () => {
    const three = share('top1.threeFrames', 0.5);
    const gain = share('top1Gain.threeFrames', 0.1);
    expect(gainMetric(three, [share('top1Gain', 0.2), gain])).toBe(gain);
    expect(gainMetric(own, [{ ...share('top1Gain', 0.2), split: 'ucf101 2' }])).toBeNull();
  });

  it('counts the splits of a mean on which training is ahead', () => {
    const { metrics, rivals } = makeMean();
    const verdict = gainVerdict(metrics[0]!, rivals, metrics)!;
    expect(verdict.side).toBe('unknown');
    expect(verdict.text).toContain('ahead on 2 of 3 splits');
  });
});

describe('orderVerdicts', () => {
  const three = share('top1.threeFrames', 0.5, [0.45, 0.55]);
  const control = (name: string, low: number, high: number): Rival => ({
    name,
    metrics: [share('top1.threeFrames', (low + high) / 2, [low, high])],
  });

  it('sees motion only where every wrong order costs more than the intervals', () => {
    const costs = control('shuffled-frames', 0.2, 0.3);
    const [seen] = orderVerdicts({ metrics: [own, three], rivals: [costs, control('repeated-frame', 0.3, 0.4)] });
    expect(seen).toMatchObject({ side: 'better' });
    const [unseen] = orderVerdicts({ metrics: [own, three], rivals: [costs, control('reversed-frames', 0.42, 0.52)] });
    expect(unseen).toMatchObject({ side: 'includes' });
    expect(unseen!.text.replaceAll('\u202f', ' ')).toContain('in order 50.0 %, reversed 47.0 %, shuffled 25.0 %');
    expect(orderVerdicts({ metrics: [own], rivals: [costs] })).toEqual([]);
  });
});

describe('standingsTable', () => {
  it('has a line for each result with its gain and the interval of that, and none for one alone', () => {
    const first = makeRecognition('first', 0.5, [0.05, 0.15]);
    const second = makeRecognition('second', 0.4, [-0.05, 0.15]);
    expect(standingsTable([first])).toBe(false);
    const words = String(standingsTable([first, second]))
      .replace(/<[^>]*>/g, ' ')
      .replace(/[\s\u202f]+/g, ' ');
    expect(words).toContain('first learned 50.0 % 44.0 % – 56.0 % 16.7 % 40.0 % 10.0 points (5.0 – 15.0) top1');
    expect(words).toMatch(/second no gain shown .* 5\.0 points \(−5\.0 – 15\.0\)/);
  });
});
