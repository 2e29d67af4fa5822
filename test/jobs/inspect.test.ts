import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectReport, renderReport, type ReportData } from '../../src/index.js';
import { checkMarkup } from '../report/balanced.js';
import { makeSmallCorpus } from './small-corpus.js';

let small: Awaited<ReturnType<typeof makeSmallCorpus>>;
let data: ReportData;

beforeAll(async () => {
  small = await makeSmallCorpus();
  data = await collectReport([small.mined], { samples: 5 });
}, 60_000);

afterAll(() => rmSync(small.root, { recursive: true }));

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
