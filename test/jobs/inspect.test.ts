import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VideoSource } from '../../src/core/index.js';
import { collectReport, renderReport, type ReportData } from '../../src/index.js';
import { yieldByClass } from '../../src/jobs/class-funnel.js';
import { checkMarkup } from '../report/balanced.js';
import { makeSmallCorpus } from './small-corpus.js';

let small: Awaited<ReturnType<typeof makeSmallCorpus>>;
let data: ReportData;

beforeAll(async () => {
  small = await makeSmallCorpus();
  data = await collectReport([small.mined], { samples: 5 });
}, 60_000);

afterAll(() => rmSync(small.root, { recursive: true }));

describe('what each class gave', () => {
  it('counts samples and refusals of its videos, and keeps classes that gave nothing', async () => {
    const source = (id: string, ...classNames: string[]): VideoSource => {
      const entries = classNames.map((className) => ({ className }));
      return { id, benchmarks: classNames.length > 0 ? { made: entries } : {} } as unknown as VideoSource;
    };
    async function* units() {
      const refused = (count: number) => ({ still: { count, examples: [] } });
      yield { source: 'a', samples: 2, rejections: refused(1) };
      yield { source: 'a', samples: 3, rejections: refused(4) };
      yield { source: 'b', samples: 0, rejections: { cut: { count: 7, examples: [] } } };
      yield { source: 'c', samples: 5, rejections: {} };
      yield { source: 'gone', samples: 9, rejections: {} };
    }
    const sources = [source('a', 'Run'), source('b', 'Sit', 'Sit'), source('c'), source('d', 'Swim')];
    expect(await yieldByClass(units(), sources)).toEqual([
      { name: 'Run', sources: 1, samples: 5, rejections: { still: 5 } },
      { name: 'Sit', sources: 1, samples: 0, rejections: { cut: 7 } },
    ]);
    const dataset = { signal: 's', digest: '', facts: [], strips: [], rejections: {}, places: [] };
    const classes = await yieldByClass(units(), sources);
    const page = renderReport({ title: 't', datasets: [{ ...dataset, classes }] });
    expect(checkMarkup(page).faults).toEqual([]);
    const words = page.replace(/<[^>]*>/g, ' ').replace(/[\s\u202f\u00a0]+/g, ' ');
    expect(words).toContain('2 classes, 1 of them without a sample.');
    expect(words).toMatch(/Sit 1 0 cut 7/);
  });
});

describe('what is collected of a dataset', () => {
  it('has samples with the motion of their shot around them, found in the corpus near it', () => {
    const [dataset] = data.datasets!;
    expect(dataset!.strips).toHaveLength(Math.min(5, dataset!.samples!));
    for (const { pictures, curve } of dataset!.strips) {
      expect(pictures.length).toBeGreaterThanOrEqual(4);
      expect(curve!.marks).toHaveLength(pictures.length);
      const [start, end] = curve!.window!;
      expect(curve!.seconds[0]).toBeLessThanOrEqual(start);
      expect(curve!.seconds.at(-1)).toBeGreaterThan(end - 0.05);
      // The films move 1.4 pixels a frame at 96 pixels of width: 5 at 340.
      const mean = curve!.values.reduce((sum, value) => sum + value, 0) / curve!.values.length;
      expect(mean).toBeGreaterThan(3);
      expect(mean).toBeLessThan(7);
    }
  });

  it('shows up to four places of every code, as clips of what was refused', () => {
    const [dataset] = data.datasets!;
    const codes = Object.entries(dataset!.rejections);
    expect(codes.length).toBeGreaterThan(0);
    for (const [code, count] of codes) {
      const places = dataset!.places.filter((place) => place.code === code);
      expect(places.length).toBeGreaterThan(0);
      expect(places.length).toBeLessThanOrEqual(Math.min(4, count));
      for (const { picture, startSeconds, endSeconds } of places) {
        expect(picture!.clip!.frames).toBeGreaterThan(4);
        expect(picture!.clip!.seconds).toBeCloseTo(endSeconds - startSeconds, 1);
        expect([picture!.width, picture!.height]).toEqual([96, 72]);
      }
    }
  });

  it('makes one sound page that needs nothing from outside', () => {
    const page = renderReport(data);
    expect(checkMarkup(page).faults).toEqual([]);
    expect(page).not.toMatch(/(src|href)="https?:|url\(https?:/);
    expect(page.match(/class="clip"/g)!.length).toBe(data.datasets![0]!.places.length);
    expect(page).toMatch(/prefers-reduced-motion/);
    // Where a video lies says nothing on a page, and does not fit beside others.
    const [shown] = page.match(/<span class="code" title="[^"]*"\s*>[^<]*</) ?? [];
    expect(shown).toMatch(/>v_Film_g0[01]_c01\.mp4<$/);
  });

  it('still draws the samples where the videos are gone, and refuses a corpus that is another', async () => {
    renameSync(join(small.root, 'videos'), join(small.root, 'moved'));
    const [dataset] = (await collectReport([small.mined], { samples: 2 })).datasets!;
    expect(dataset!.strips.map(({ curve }) => curve)).toEqual([undefined, undefined]);
    expect(dataset!.places).toEqual([]);
    const other = join(small.root, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'corpus.json'), JSON.stringify({ schema: 1, digest: 'x', config: {}, benchmarks: {} }));
    writeFileSync(join(other, 'manifest.jsonl'), '');
    await expect(collectReport([small.mined], { corpus: other })).rejects.toThrow(/was not mined from/);
  });
});
