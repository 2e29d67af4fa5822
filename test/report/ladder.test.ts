import { describe, expect, it } from 'vitest';
import type { Rival } from '../../src/core/index.js';
import { ladderVerdict } from '../../src/report/ladder.js';
import { share } from './result-fixture.js';

const name = 'meanAveragePrecision';
const rival = (who: string, value: number, spread = 0.02): Rival => ({
  name: who,
  metrics: [share(name, value, [value - spread, value + spread])],
});
const judge = (
  {
    colours,
    untrained,
    trained,
    gain,
  }: Record<'colours' | 'untrained' | 'trained', number> & {
    gain: readonly [number, number];
  },
  more: readonly Rival[] = [],
) => {
  const verdict = ladderVerdict({
    metrics: [share(name, trained, [trained - 0.02, trained + 0.02]), share(`${name}Gain`, trained - untrained, gain)],
    rivals: [rival('colour-histogram', colours), rival('untrained', untrained), ...more],
  })!;
  return { side: verdict.side, text: verdict.text.replaceAll('\u202f', ' ') };
};

describe('ladderVerdict', () => {
  it('says that colours, untrained weights and training come in this order where each step is clear', () => {
    expect(judge({ colours: 0.1, untrained: 0.2, trained: 0.3, gain: [0.05, 0.15] })).toEqual({
      side: 'better',
      text: 'Colours 10.0 %, untrained weights 20.0 %, trained 30.0 %: in this order, each step beyond the 95 % intervals.',
    });
  });

  it('names the step that is missing', () => {
    const noGain = judge({ colours: 0.1, untrained: 0.2, trained: 0.19, gain: [-0.03, 0.01] });
    expect(noGain.side).toBe('includes');
    expect(noGain.text).toMatch(/: not in this order; training is not shown to add to what untrained weights tell/);
    expect(noGain.text).not.toContain('colours tell');
    const loss = judge({ colours: 0.1, untrained: 0.2, trained: 0.1, gain: [-0.13, -0.07] });
    expect(loss.text).toMatch(/not in this order; training has taken away/);
    const coloured = judge({ colours: 0.3, untrained: 0.2, trained: 0.4, gain: [0.15, 0.25] });
    expect(coloured.side).toBe('includes');
    expect(coloured.text).toMatch(/not in this order; colours tell more than untrained weights[^;]*\.$/);
  });

  it('keeps an order that is within the intervals apart from one that is clear and from none', () => {
    const near = judge({ colours: 0.18, untrained: 0.2, trained: 0.21, gain: [-0.01, 0.03] });
    expect(near.side).toBe('includes');
    expect(near.text).toMatch(
      /: in this order, but not each step beyond the 95 % intervals; untrained weights are not shown .*; training is not/,
    );
  });

  it('says where gradients show that the pictures would have told', () => {
    const failing = { colours: 0.1, untrained: 0.2, trained: 0.2, gain: [-0.02, 0.02] } as const;
    expect(judge(failing, [rival('oriented-gradients', 0.4)]).text).toMatch(
      /oriented gradients of the same pictures reach 40\.0 %, so outlines that tell the classes are there/,
    );
    expect(judge(failing, [rival('oriented-gradients', 0.21)]).text).not.toContain('gradients');
    const clear = { colours: 0.1, untrained: 0.2, trained: 0.3, gain: [0.05, 0.15] } as const;
    expect(judge(clear, [rival('oriented-gradients', 0.5)]).side).toBe('better');
  });

  it('turns round where lower is better, and says nothing where a rung is missing', () => {
    const lower = (value: number, spread = 0.02) => ({
      ...share('mse', value, [value - spread, value + spread]),
      direction: 'lower' as const,
    });
    const rivals = [
      { name: 'colour-histogram', metrics: [lower(0.3)] },
      { name: 'untrained', metrics: [lower(0.2)] },
    ];
    expect(ladderVerdict({ metrics: [lower(0.1)], rivals })!.side).toBe('better');
    expect(ladderVerdict({ metrics: [lower(0.25)], rivals })!.text).toContain('not in this order');
    expect(ladderVerdict({ metrics: [lower(0.1)], rivals: rivals.slice(1) })).toBeNull();
    expect(ladderVerdict({ metrics: [], rivals })).toBeNull();
  });

  it('says nothing of weights that nobody has trained', () => {
    const told = {
      metrics: [share(name, 0.3, [0.28, 0.32]), share(`${name}Gain`, 0.1, [0.05, 0.15])],
      rivals: [rival('colour-histogram', 0.1), rival('untrained', 0.2)],
    };
    expect(ladderVerdict(told)).not.toBeNull();
    expect(ladderVerdict({ ...told, isUntrained: true })).toBeNull();
  });
});
