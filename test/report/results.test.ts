import { describe, expect, it } from 'vitest';
import { classesPart, classScoresPart } from '../../src/report/classes-part.js';
import { renderReport } from '../../src/report/index.js';
import { checkMarkup } from './balanced.js';
import { makeMean, makePredictions, makeRecognition, makeRetrieval } from './result-fixture.js';

const wordsOf = (page: unknown) =>
  String(page)
    .replace(/<[^>]*>/g, ' ')
    .replace(/[\s\u202f]+/g, ' ');

describe('classesPart', () => {
  const confusion = [
    [3, 1, 0],
    [2, 1, 1],
    [0, 0, 0],
  ];
  const part = classesPart('p', { names: ['Run', 'Sit', 'Swim'], confusion, about: 'Once.' });

  it('gives the share that is right of each class that was asked for, and what it is taken for', () => {
    const words = wordsOf(part);
    expect(words).toContain('Run 4 75.0 % Sit 1');
    expect(words).toContain('Sit 4 25.0 % Run 2, Swim 1');
    expect(words).not.toMatch(/Swim 0/);
    expect(words).toContain('2 classes, one by one');
    expect(String(part)).toContain('4 of 8 answers are right');
  });

  it('draws a field for each count that is not 0, fuller with its share of the row, the diagonal apart', () => {
    const fields = [...String(part).matchAll(/fill="var\(--(accent|warm)\)"\s+fill-opacity="([.\d]+)"/g)];
    expect(fields.map(([, tone, fullness]) => [tone, Number(fullness)])).toEqual([
      ['accent', 0.57],
      ['warm', 0.27],
      ['warm', 0.42],
      ['accent', 0.27],
      ['warm', 0.27],
    ]);
  });

  it('stays within bounds with a hundred classes', () => {
    const names = Array.from({ length: 101 }, (_, i) => `Class${i}`);
    const full = names.map((_, i) => names.map((__, j) => (i === j ? 30 : 1)));
    const big = String(classesPart('big', { names, confusion: full, about: '' }));
    expect(checkMarkup(big).faults).toEqual([]);
    expect(big.length).toBeLessThan(2_500_000);
    expect(wordsOf(big)).toContain('the 15 best and the 15 worst classes');
  });

  it('draws a bar for each class, best first, where only a score of it is known', () => {
    const scores = [
      { name: 'cat', value: 0.25 },
      { name: 'dog', value: 0.5 },
    ];
    const drawn = classScoresPart('v', { what: 'Average precision', scores });
    expect(String(drawn).replace(/\s/g, ' ')).toContain('Average precision, of every class: dog 50.0 %, cat 25.0 %.');
    expect(wordsOf(drawn)).toContain('Average precision, of every class.');
    expect(classScoresPart('v', { what: 'Average precision', scores: [] })).toBe(false);
  });

  it('is nothing without an answer', () => {
    expect(classesPart('p', { names: ['a'], confusion: [[0]], about: '' })).toBe(false);
  });
});

describe('a page of results', () => {
  it('has verdicts, splits, classes, searches and films, well-formed', async () => {
    const results = [
      makeRecognition('first', 0.5, [0.05, 0.15]),
      makeRecognition('second', 0.4, [-0.05, 0.15]),
      makeMean(),
      await makeRetrieval(),
    ];
    const page = renderReport({ title: 'Results', results, predictions: [await makePredictions()] });
    const { faults, elements } = checkMarkup(page);
    expect(faults).toEqual([]);
    const words = wordsOf(page);
    expect(words).toContain(
      'Something is learned: better than chance and untrained weights, and than every simple rival.',
    );
    expect(words).toContain('Not shown that training helps: untrained weights do as well.');
    expect(words).toContain('1: 42.0 %, 2: 47.0 %, 3: 43.0 %');
    expect(words).toContain('not shown that motion is seen');
    expect(words).toContain('24 find their class in the nearest video');
    expect(words).toMatch(/found at rank 6[^]*not found/);
    expect(page.match(/<figure class="hit"/g)).toHaveLength(2);
    expect(page.match(/<figure class="miss"/g)).toHaveLength(15);
    expect(words).toContain('✓ Archery 0.990');
    expect(page.match(/class="clip"/g)).toHaveLength(1);
    expect(words).toContain('1 of 9 videos');
    expect(words).toContain('untrained (of first) 40.0 %');
    expect(words).not.toContain('chance (of');
    expect(elements.some(({ name }) => name === 'script')).toBe(false);
  });

  it('draws gains and shares over chance beside 0, where they may be negative', async () => {
    const page = renderReport({ title: 'Results', results: [await makeRetrieval()] });
    const own = page.slice(page.indexOf('Recall at 1 over chance') - 200);
    expect(wordsOf(own.slice(0, 1200))).toMatch(/−\d+\.\d % to \d+\.\d %/);
    const circle = /<circle cx="([-.\d]+)"/.exec(own)!;
    expect(Number(circle[1])).toBeGreaterThan(8);
    expect(own).toContain('stroke-dasharray="3 3"');
  });
});
