import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import {
  drawTuples,
  formatAuthors,
  parseAuthors,
  tuplesOf,
  uniteTuples,
  type ExchangeQuintuple,
  type ExchangeTuple,
} from '../../../src/mining/index.js';

const one: ExchangeQuintuple = { video: 'v_Run_g01_c01', frames: [0, 15, 40, 70, 99] };
const half: ExchangeQuintuple = { video: 'v_Run_g01_c02', frames: [-1, 3, 20, 40, 60] };

const random = createRandom(3);
const many = Array.from({ length: 60 }, (_, i): ExchangeQuintuple => {
  const [a, toB, toC, toD, toE] = Array.from({ length: 5 }, () => 1 + random.int(20)) as [number, ...number[]];
  const [b, c] = [a + toB!, a + toB! + toC!];
  const d = c + toD!;
  return { video: `video-${i % 7}`, frames: [i % 5 === 0 ? -1 : a, b, c, d, i % 5 === 1 ? -1 : d + toE!] };
});
const textOf = ({ video, frames, label }: ExchangeTuple): string => `${video} ${frames.join(',')} ${label}`;
const setOf = (tuples: readonly ExchangeTuple[]) => [...new Set(tuples.map(textOf))].sort();

describe('the tuples of a quintuple', () => {
  it('are the six of the method, right and wrong ones between the same outer frames', () => {
    expect(tuplesOf(one).map(textOf)).toEqual(
      ['15,40,70 1', '70,40,15 1', '15,0,70 0', '70,0,15 0', '15,99,70 0', '70,99,15 0'].map(
        (text) => `v_Run_g01_c01 ${text}`,
      ),
    );
    expect(tuplesOf(half)).toHaveLength(4);
  });

  it('are drawn to the share of wrong ones that is asked for, shuffled, none twice', () => {
    const all = drawTuples(many, createRandom(1));
    expect(setOf(all)).toEqual(setOf(many.flatMap(tuplesOf)));
    expect(all.map(textOf)).not.toEqual(many.flatMap(tuplesOf).map(textOf));
    for (const share of [0, 0.5, 0.75, 1]) {
      const drawn = drawTuples(many, createRandom(1), share);
      const wrong = drawn.filter(({ label }) => label === 0).length;
      expect(Math.abs(wrong - share * drawn.length)).toBeLessThanOrEqual(1);
      expect(drawn.length).toBeGreaterThan(60);
      expect(new Set(drawn.map(textOf)).size).toBe(new Set(drawn.map(textOf)).size);
      expect(setOf(all)).toEqual(expect.arrayContaining(setOf(drawn)));
    }
  });
});

describe("the authors' format", () => {
  it('names frames from 1 with six digits, four columns a line, one label a line', () => {
    const { keys, labels } = formatAuthors(tuplesOf(one).slice(2, 4));
    const key = (number: string) => `v_Run_g01_c01/v_Run_g01_c01_${number}`;
    expect(keys.split('\n')[0]).toBe([key('000016'), key('000001'), key('000071'), 'none'].join('\t'));
    expect(labels).toBe('0\n0\n');
  });

  it('gives back what was written, tuple by tuple', () => {
    const tuples = drawTuples(many, createRandom(2));
    const { keys, labels } = formatAuthors(tuples);
    expect(parseAuthors(keys, labels)).toEqual(tuples);
    expect(parseAuthors(keys.replaceAll('\tnone', '').replaceAll('\n', '\r\n'), `${labels}\n`)).toEqual(tuples);
  });

  it('names the line that is wrong', () => {
    const { keys, labels } = formatAuthors(tuplesOf(one));
    expect(() => parseAuthors(keys, '1\n')).toThrow(/6 lines of keys and 1 labels/);
    expect(() => parseAuthors(keys, labels.replace('1', '2'))).toThrow(/Label 1 must be 0 or 1, got "2"/);
    expect(() => parseAuthors(keys.replace('000016', '000000'), labels)).toThrow(/Line 1 must hold three keys/);
    expect(() => parseAuthors(keys.replace('v_Run_g01_c01/', 'other/'), labels)).toThrow(/Line 1/);
  });
});

describe('tuples united to quintuples', () => {
  it('are the quintuples that they came from, where no two share their outer frames', () => {
    const united = uniteTuples([...tuplesOf(one), ...tuplesOf(half)]);
    expect(united).toEqual({ quintuples: [one, half], unpaired: 0, contradictory: 0 });
  });

  it('have the same tuples, whatever the quintuples share', () => {
    const sharing = [
      ...many,
      ...many.map(({ video, frames: [, b, c, d] }) => ({ video, frames: [b - 1, b, c, d, -1] as const })),
    ];
    const tuples = drawTuples(sharing, createRandom(4));
    const { quintuples, unpaired, contradictory } = uniteTuples(tuples);
    expect([unpaired, contradictory]).toEqual([0, 0]);
    expect(setOf(quintuples.flatMap(tuplesOf))).toEqual(setOf(tuples));
  });

  it('leave out what has no partner, and what its own numbers deny', () => {
    const [right] = tuplesOf(one);
    const lie: ExchangeTuple = { video: 'v', frames: [1, 5, 9], label: 0 };
    expect(uniteTuples([right!, lie])).toEqual({ quintuples: [], unpaired: 1, contradictory: 1 });
  });
});
