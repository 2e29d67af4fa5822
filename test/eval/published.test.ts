import { describe, expect, it } from 'vitest';
import { publishedFigures } from '../../src/eval/index.js';

const whole = { benchmark: 'ucf101', splits: [1], absent: 0, leak: null } as const;
const tuned = { protocol: 'action-recognition', config: { protocol: 'fine-tune' } } as const;

describe('published figures', () => {
  it('stand beside the same question only, and say what differs', () => {
    const [misra, ...none] = publishedFigures({ ...whole, ...tuned });
    expect(none).toEqual([]);
    expect(misra).toMatchObject({
      name: 'Shuffle and Learn',
      published: expect.stringMatching(/227 pixels/) as unknown,
      metrics: [{ name: 'top1', value: 0.509, split: 'ucf101 1', examples: 3783 }],
    });
    expect(publishedFigures({ ...whole, ...tuned, splits: [3, 1, 2] })[0]!.metrics[0]).toMatchObject({
      value: 0.502,
      split: 'ucf101, mean of splits 3, 1, 2',
    });
  });

  it('are left out of anything else: parts of a list, leaks, other splits, a probe', () => {
    for (const other of [
      { ...tuned, absent: 1 },
      { ...tuned, leak: 2 },
      { ...tuned, splits: [2] },
      { ...tuned, benchmark: 'made' },
      { protocol: 'action-recognition', config: { protocol: 'probe' } },
      { protocol: 'retrieval', config: { sampling: 'segment-centre', centring: 'own-set' } },
    ])
      expect(publishedFigures({ ...whole, ...tuned, ...other })).toEqual([]);
  });

  it('of retrieval rise with the number of neighbours', () => {
    const all = publishedFigures({ ...whole, protocol: 'retrieval', config: { sampling: 'segment-centre', centring: 'none' } }); // prettier-ignore
    expect(all).toHaveLength(5);
    for (const { metrics } of all) {
      expect(metrics.map(({ name }) => name)).toEqual([1, 5, 10, 20, 50].map((k) => `recallAt${k}`));
      expect(metrics.every(({ value }, i) => i === 0 || value > metrics[i - 1]!.value)).toBe(true);
    }
  });
});
