import { describe, expect, it } from 'vitest';
import type { Metric, Rival } from '../../src/core/index.js';
import { chanceVerdict, gainVerdict, rivalVerdict } from '../../src/report/index.js';

const metric = (
  value: number,
  interval?: readonly [number, number],
  direction: Metric['direction'] = 'higher',
): Metric => ({
  name: 'balancedAccuracy',
  value,
  unit: 'fraction',
  direction,
  examples: 100,
  split: 'held-out',
  ...(interval ? { interval } : {}),
});
const rival = (name: string, one: Metric, published?: string): Rival => ({
  name,
  metrics: [one],
  ...(published ? { published } : {}),
});
const chance = rival('chance', metric(0.5));

describe('chanceVerdict', () => {
  it.each([
    [[0.51, 0.6], 'higher', 'better'],
    [[0.5, 0.6], 'higher', 'includes'],
    [[0.4, 0.49], 'higher', 'worse'],
    [[0.4, 0.49], 'lower', 'better'],
    [[0.51, 0.6], 'lower', 'worse'],
  ] as const)('places %j, where %s is better: %s', (interval, direction, side) => {
    expect(chanceVerdict(metric((interval[0] + interval[1]) / 2, interval, direction), [chance]).side).toBe(side);
  });

  it('says nothing without an interval, without chance, or with chance of another split or paper', () => {
    expect(chanceVerdict(metric(0.9), [chance]).side).toBe('unknown');
    expect(chanceVerdict(metric(0.9, [0.8, 0.95]), []).side).toBe('unknown');
    expect(chanceVerdict(metric(0.9, [0.8, 0.95]), [rival('chance', { ...metric(0.5), split: 'train' })]).side).toBe(
      'unknown',
    );
    expect(chanceVerdict(metric(0.9, [0.8, 0.95]), [rival('chance', metric(0.5), 'a paper')]).side).toBe('unknown');
  });

  it('names the numbers in its sentence', () => {
    const { text } = chanceVerdict(metric(0.83, [0.8, 0.86]), [chance]);
    expect(text.replaceAll('\u202f', ' ')).toBe(
      'The 95 % interval of balanced accuracy 83.0 %, 80.0 % to 86.0 %, excludes chance (50.0 %).',
    );
  });
});

describe('gainVerdict', () => {
  const untrained = rival('untrained', metric(0.5, [0.45, 0.55]));

  it('calls a gain within noise one', () => {
    expect(gainVerdict(metric(0.54, [0.5, 0.58]), [untrained])).toMatchObject({ side: 'includes' });
    expect(gainVerdict(metric(0.54, [0.5, 0.58]), [untrained])?.text).toMatch(/4\.0 points better .* may be noise/);
  });

  it('tells gains from losses, in the direction of the metric', () => {
    expect(gainVerdict(metric(0.7, [0.65, 0.75]), [untrained])?.side).toBe('better');
    expect(gainVerdict(metric(0.3, [0.25, 0.35]), [untrained])?.side).toBe('worse');
    expect(gainVerdict(metric(0.3, [0.25, 0.35], 'lower'), [untrained])?.side).toBe('better');
    expect(gainVerdict(metric(0.7), [untrained])?.side).toBe('unknown');
    expect(gainVerdict(metric(0.7), [chance])).toBeNull();
  });
});

describe('a rival that is told what the model is not', () => {
  it('need not be beaten', () => {
    const colour = { name: 'colour', metrics: [metric(0.5)] };
    const knowing = { name: 'matching', metrics: [metric(0.99)], told: 'the truth' };
    expect(rivalVerdict(metric(0.9, [0.87, 0.93]), [knowing, colour])?.text).toMatch(/colour .* training beats/);
    expect(rivalVerdict(metric(0.9, [0.87, 0.93]), [knowing])).toBeNull();
  });
});

describe('rivalVerdict', () => {
  const weak = rival('colour', metric(0.6, [0.55, 0.65]));
  const strong = rival('frame-difference', metric(0.8, [0.75, 0.85]));

  it('names the strongest simple rival and who is ahead', () => {
    expect(rivalVerdict(metric(0.9, [0.87, 0.93]), [chance, weak, strong])).toMatchObject({ side: 'better' });
    expect(rivalVerdict(metric(0.7, [0.67, 0.73]), [weak, strong])?.text).toMatch(/frame-difference .* does not reach/);
    expect(rivalVerdict(metric(0.83, [0.8, 0.86]), [weak, strong])?.side).toBe('includes');
    expect(rivalVerdict(metric(0.1, [0.05, 0.15], 'lower'), [weak, strong])).toMatchObject({ side: 'better' });
    expect(rivalVerdict(metric(0.1, [0.05, 0.15], 'lower'), [weak, strong])?.text).toContain('colour');
  });

  it('passes over chance, untrained weights and published figures', () => {
    expect(
      rivalVerdict(metric(0.9), [chance, rival('untrained', metric(0.5)), rival('x', metric(0.99), 'a paper')]),
    ).toBeNull();
  });
});
