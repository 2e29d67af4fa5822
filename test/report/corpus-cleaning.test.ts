import { describe, expect, it } from 'vitest';
import type { VideoSource } from '../../src/core/index.js';
import { cleaningTable, copyTables } from '../../src/report/corpus-cleaning.js';
import type { CorpusReport } from '../../src/report/index.js';

const text = (markup: unknown) => String(markup).replace(/\s+/g, ' ');
const limits = { previews: 1, stripsPerDataset: 1, placesPerCode: 1, failures: 2, points: 10 };
const crop = { x: 0, y: 10, width: 64, height: 28 };
const sources = [0.1, 0.2, 0.9].map((black, i) => ({
  id: `id${i}`,
  paths: [`clip${i}.mp4`],
  motion: 3 + i,
  scores: { black, slideshow: 0, talkingHead: 0.5, overlay: 0 },
  shots: [{ index: 0, startPts: 0, endPts: 1, crop: i === 0 ? crop : null, ...(i === 2 ? { unusable: 'black' } : {}) }],
})) as unknown as VideoSource[];

describe('the page of a corpus', () => {
  it('shows how scores are spread, bars, and the shots that rules keep from miners', () => {
    const page = text(cleaningTable(sources));
    expect(page).toMatch(/Black.*share of black frames.*0\.2.*0\.2.*0\.9/s);
    expect(page).toMatch(/1 video\s+with bars/);
    expect(page).toMatch(/1 shot\s+kept from miners: 1 black/);
    expect(cleaningTable(sources.map(({ paths, shots }) => ({ paths, shots }) as unknown as VideoSource))).toBe(false);
  });

  it('lists copies with what became of them, and the overlap with a test list', () => {
    const corpus = {
      sources,
      duplicates: [
        { path: 'a.mp4', kept: 'id0', kind: 'near', distance: 2.5, mirrored: true, dropped: true },
        { path: 'b.mp4', kept: 'id1', kind: 'near', distance: 1, dropped: false },
        { path: 'c.mp4', kept: 'id1', kind: 'exact', distance: 0 },
      ],
      leakage: {
        ...{ against: 'ucf101:UCF', split: 1, clips: 48, sources: 3 },
        overlaps: [
          { source: 'id0', path: 'clip0.mp4', clip: 'Archery/v', kind: 'near', mirrored: false, overlapSeconds: 2.25 },
        ],
      },
    } as unknown as CorpusReport;
    const page = text(copyTables(corpus, limits));
    expect(page).toMatch(/a\.mp4.*clip0\.mp4.*near, mirrored.*2\.5.*dropped/s);
    expect(page).toMatch(/b\.mp4.*clip1\.mp4.*reported/s);
    expect(page).not.toContain('c.mp4'); // beyond the limit
    expect(page).toContain('2 of 3 copies');
    expect(page).toMatch(/1 of 3 sources\s+overlap 48 clips of ucf101:UCF, split 1/);
    expect(page).toMatch(/clip0\.mp4.*Archery\/v.*near/s);
    expect(String(copyTables({ ...corpus, duplicates: [] }, limits))).not.toContain('Duplicates');
  });
});
