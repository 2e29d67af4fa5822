import { beforeAll, describe, expect, it } from 'vitest';
import { renderGallery, renderReport, type ReportData } from '../../src/report/index.js';
import { bandsOf, columnPoints, smoothPoints } from '../../src/report/training-section.js';
import { checkMarkup } from './balanced.js';
import { makeReport, makeResult, makeRun, makeSource } from './fixture.js';

const hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)> \' & `';

let data: ReportData;
let page: string;
beforeAll(async () => {
  data = await makeReport();
  page = renderReport(data);
});

describe('renderReport', () => {
  it('gives well-formed markup with unique ids', () => {
    expect(checkMarkup(page).faults).toEqual([]);
  });

  it('has every section of a full run, each under its heading and in the contents', () => {
    const { elements } = checkMarkup(page);
    const ids = elements.filter(({ name }) => name === 'section').map(({ attributes }) => attributes['id']);
    expect(ids).toEqual(['results', 'corpus', 'mined-1', 'training', 'repeat']);
    const links = elements.filter(({ name }) => name === 'a').map(({ attributes }) => attributes['href']);
    expect(links).toEqual(ids.map((id) => `#${id ?? ''}`));
    expect(elements.filter(({ name }) => name === 'h1')).toHaveLength(1);
  });

  it('needs nothing from outside and runs nothing', () => {
    const { elements } = checkMarkup(page);
    expect(elements.some(({ name }) => ['script', 'link', 'iframe', 'object', 'form'].includes(name))).toBe(false);
    for (const { attributes } of elements) {
      for (const [name, value] of Object.entries(attributes)) {
        expect(name.startsWith('on')).toBe(false);
        if (['src', 'href', 'xlink:href', 'srcset', 'action'].includes(name))
          expect(value).toMatch(/^(?:#|data:image\/(?:jpeg|png|webp);base64,)/);
      }
    }
    expect(page.replace(/data:image\/[a-z]+;base64,[A-Za-z0-9+/=]+/g, '')).not.toMatch(
      /https?:|\/\/[a-z]|@import|url\((?!#)/,
    );
  });

  it('describes every picture and chart, captions every table, heads every row', () => {
    const { elements } = checkMarkup(page);
    const images = elements.filter(({ name }) => name === 'img');
    expect(images.length).toBe(8 * 4 + 3 * 5 + 1);
    for (const { attributes } of images) expect(attributes['alt']).toBeTruthy();
    for (const { attributes } of elements.filter(({ name }) => name === 'svg')) {
      expect(attributes['aria-label'] !== undefined || attributes['aria-hidden'] === 'true').toBe(true);
    }
    const count = (name: string) => elements.filter((element) => element.name === name).length;
    expect(count('table')).toBeGreaterThan(2);
    expect(count('caption')).toBe(count('table'));
    const rows = page
      .match(/<tbody[^]*?<\/tbody>/g)!
      .join('')
      .match(/<tr/g)!.length;
    expect(page.match(/scope="row"/g)).toHaveLength(rows);
  });

  it('is the same text for the same data', async () => {
    expect(renderReport(await makeReport())).toBe(page);
  });

  it('follows light and dark, and fits a phone', () => {
    expect(page).toContain('prefers-color-scheme:dark');
    expect(page).toContain('width=device-width');
  });

  it('tells the numbers it was given', () => {
    const text = page
      .replace(/<[^>]*>/g, ' ')
      .replaceAll('\u202f', ' ')
      .replace(/\s+/g, ' ');
    for (const told of [
      'looks-same',
      '130',
      '83.0 %',
      '80.0 % – 86.0 %',
      'excludes chance (50.0 %)',
      'cannot-open',
      '1 204 418',
      'reelmine demo --out demo',
    ]) {
      expect(text).toContain(told);
    }
    expect(text).toContain('Refused candidates: 212'); // 57 + 21 + 130 + 4
    expect(text).toContain('1 min 16 s'); // 6 + 7 + … + 13 seconds
  });

  it('stays well-formed and harmless whatever the names are', () => {
    const bad = JSON.parse(
      JSON.stringify({
        ...data,
        corpus: null,
        datasets: [],
        notes: [hostile],
        commands: [{ purpose: hostile, command: hostile }],
      })
        .replaceAll('shuffle-and-learn', 'HOSTILE')
        .replaceAll('balancedAccuracy', 'HOSTILE')
        .replaceAll('Preset', 'HOSTILE')
        .replaceAll('From video', 'HOSTILE')
        .replaceAll('validationLoss', 'validation HOSTILE'),
      (_key, value: unknown) => (typeof value === 'string' ? value.replaceAll('HOSTILE', hostile) : value),
    ) as ReportData;
    const { elements, faults } = checkMarkup(renderReport(bad));
    expect(faults).toEqual([]);
    expect(elements.some(({ name }) => name === 'script')).toBe(false);
    expect(elements.some(({ attributes }) => 'onerror' in attributes)).toBe(false);
  });

  it('escapes hostile file, class and failure names', () => {
    const source = { ...makeSource(1, hostile, 4, 2), paths: [`a/${hostile}`] };
    const corpus = {
      digest: hostile,
      sources: [source],
      failures: [
        {
          source: null,
          path: hostile,
          stage: 'ingest',
          code: 'cannot-open' as const,
          message: hostile,
          attempts: 1,
          at: '',
        },
      ],
      counts: { [hostile]: 2 },
      previews: [{ source: source.id, pictures: [] }],
    };
    const dataset = {
      signal: hostile,
      digest: hostile,
      facts: [],
      strips: [],
      rejections: { [hostile]: 3 },
      places: [{ code: hostile, source: hostile, startSeconds: 0, endSeconds: 1 }],
    };
    const { elements, faults } = checkMarkup(renderReport({ title: hostile, corpus, datasets: [dataset] }));
    expect(faults).toEqual([]);
    expect(elements.some(({ name, attributes }) => name === 'script' || 'onerror' in attributes)).toBe(false);
  });

  it('keeps a page of bounded size, however much there is', () => {
    const rows = makeRun('long', 20_000, 0.4).rows;
    const many = {
      ...data,
      runs: [{ ...data.runs![0]!, rows }],
      datasets: data.datasets!.map((dataset) => ({
        ...dataset,
        strips: Array.from({ length: 300 }, (_, i) => dataset.strips[i % 3]!),
        places: Array.from({ length: 5000 }, (_, i) => dataset.places[i % 2]!),
      })),
      corpus: {
        ...data.corpus!,
        previews: Array.from({ length: 400 }, (_, i) => data.corpus!.previews[i % 8]!),
        failures: Array.from({ length: 3000 }, (_, i) => ({ ...data.corpus!.failures[0]!, path: `${i}.mp4` })),
      },
    };
    const big = renderReport(many);
    expect(big.length).toBeLessThan(page.length * 3);
    expect(big.replaceAll('\u202f', ' ')).toContain('50 failures of 3 000');
  });

  it('makes a page of almost nothing', () => {
    expect(checkMarkup(renderReport({ title: 'Nothing yet' })).faults).toEqual([]);
    const empty = {
      title: 'Empty',
      corpus: { digest: '', sources: [], failures: [], counts: {}, previews: [] },
      datasets: [{ signal: 's', digest: '', facts: [], strips: [], rejections: {}, places: [] }],
      runs: [{ name: 'r', task: 't', facts: [], rows: [] }],
      results: [{ protocol: 'p', subject: 's', facts: [], metrics: [], rivals: [] }],
    };
    expect(checkMarkup(renderReport(empty)).faults).toEqual([]);
  });

  it('sets several runs side by side, with their curves in one chart', () => {
    const runs = [makeRun('first', 60, 0.4), makeRun('second', 90, 0.3)];
    const compared = renderReport({
      title: 'Two',
      runs,
      results: [makeResult(0.83), { ...makeResult(0.6), subject: 'other' }],
    });
    expect(checkMarkup(compared).faults).toEqual([]);
    expect(compared).toMatch(/Runs side by side[^]*first<\/th>[^]*second<\/th>/);
    const overlay = /Loss, smoothed[^]*?<\/svg>/.exec(compared)![0];
    const counts = [...overlay.matchAll(/<path d="(M[^"]*L[^"]*)"[^>]*stroke-width="2"[^>]*>/g)].map(
      ([, path = '']) => path.match(/[ML]/g)!.length,
    );
    expect(counts).toEqual([60, 90]);
  });
});

describe('renderGallery', () => {
  it('shows sources and samples and says how many there are', () => {
    const gallery = renderGallery({
      title: 'corpus',
      facts: data.facts!,
      sources: data.corpus!.sources.map((source, i) => ({ source, preview: data.corpus!.previews[i]! })),
      strips: data.datasets![0]!.strips,
      total: 40,
    });
    expect(checkMarkup(gallery).faults).toEqual([]);
    expect(gallery.match(/<img\s/g)).toHaveLength(8 * 4 + 3 * 5);
    expect(gallery).toContain('8 of 40');
    expect(checkMarkup(renderGallery({ title: 'x', facts: [] })).faults).toEqual([]);
  });
});

describe('curves', () => {
  it('takes a column where rows have it', () => {
    const rows = [{ step: 1, loss: 2 }, { step: 2 }, { step: 3, loss: NaN }, { step: 4, loss: 1, note: 'x' }];
    expect(columnPoints(rows, 'loss')).toEqual([
      [1, 2],
      [4, 1],
    ]);
    expect(columnPoints(rows, 'note')).toEqual([]);
  });

  it('draws the mean of many runs of a task in a band, at the steps that all have', () => {
    const run = (task: string, losses: Readonly<Record<number, number>>) => {
      const rows = Object.entries(losses).map(([step, loss]) => ({ step: Number(step), loss }));
      return { name: task, task, facts: [], rows };
    };
    const runs = [run('a', { 1: 2, 2: 1, 3: 0 }), run('b', { 1: 9 }), run('a', { 1: 4, 3: 3 }), run('c', {})];
    const series = bandsOf(runs, ({ rows }) => columnPoints(rows, 'loss'));
    expect(series.map(({ points, band }) => [points, band])).toEqual([
      [
        [
          [1, 3],
          [3, 1.5],
        ],
        [
          [1, 2, 4],
          [3, 0, 3],
        ],
      ],
      [[[1, 9]], [[1, 9, 9]]],
    ]);
    const many = Array.from({ length: 7 }, (_, i) => makeRun(`seed ${i}`, 40, 0.3));
    const page = renderReport({ title: 'Many', runs: many });
    expect(checkMarkup(page).faults).toEqual([]);
    expect(page.replaceAll('\u202f', ' ')).toContain('mean of 7 runs, lowest to highest');
  });

  it('leaves no task out where there are more than colours: there is another chart', () => {
    const tasks = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const runs = tasks.flatMap((task) => [1, 2].map((seed) => ({ ...makeRun(`${task}-${seed}`, 40, 0.3), task })));
    const compared = renderReport({ title: 'All', runs });
    expect(checkMarkup(compared).faults).toEqual([]);
    const [side] = compared.split('<h3>');
    const legends = [...side!.matchAll(/<ul class="legend">[^]*?<\/ul>/g)].map(([legend]) => legend);
    const losses = legends
      .slice(0, 2)
      .map((legend) => [...legend.matchAll(/([a-g]), mean of 2/g)].map(([, task]) => task));
    expect(losses).toEqual([tasks.slice(0, 5), tasks.slice(5)]);
    const tones = bandsOf(runs.slice(0, 10), ({ rows }) => columnPoints(rows, 'loss')).map(({ tone }) => tone);
    expect(new Set(tones).size).toBe(5);
  });

  it('smooths as the definition says, and leaves a constant alone', () => {
    const keep = 1 - 2 / 4;
    const ys = [4, 2, 8];
    const expected = ys.map((_, n) => {
      const weights = ys
        .slice(0, n + 1)
        .map((__, i) => Array.from({ length: n - i }, () => keep).reduce((a, b) => a * b, 1));
      return weights.reduce((sum, weight, i) => sum + weight * ys[i]!, 0) / weights.reduce((a, b) => a + b);
    });
    smoothPoints(
      ys.map((y, i) => [i, y] as const),
      3,
    ).forEach(([, y], i) => expect(y).toBeCloseTo(expected[i]!, 12));
    for (const [, y] of smoothPoints(
      [0, 1, 2, 3].map((x) => [x, 7] as const),
      10,
    ))
      expect(y).toBeCloseTo(7, 12);
  });
});
