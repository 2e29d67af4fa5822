import { describe, expect, it } from 'vitest';
import { chooseCandidates, type Candidate } from '../../src/ingest/index.js';

const none = { licence: null, origin: null, benchmarks: {} };
const file = (n: number): Candidate => ({ ...none, path: `/videos/${n}.mp4`, key: `${n}.mp4` });
const stretch = (video: number, n: number): Candidate => {
  const url = `https://example.org/${video}.mp4`;
  return { ...none, path: `/c/${video}-${n}`, key: `${url}#t=${n},`, fetch: { url, file: `/c/${video}.mp4` } };
};

describe('chooseCandidates', () => {
  it('divides videos without rest or overlap, and limits what is left of a part', () => {
    const all = Array.from({ length: 50 }, (_, n) => file(n));
    const parts = [0, 1, 2].map((index) => chooseCandidates(all, { part: { index, count: 3 } }));
    expect(parts.flat().sort((a, b) => all.indexOf(a) - all.indexOf(b))).toEqual(all);
    for (const part of parts) expect(part.length).toBeGreaterThan(5);
    expect(chooseCandidates(all, { part: { index: 1, count: 3 }, limit: 4 })).toEqual(parts[1]!.slice(0, 4));
    expect(chooseCandidates(all, {})).toEqual(all);
  });

  it('puts all stretches of one download into one part, and not all downloads into the same', () => {
    const all = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((video) => [0, 1, 2, 3].map((n) => stretch(video, n)));
    const parts = [0, 1].map((index) => chooseCandidates(all, { part: { index, count: 2 } }));
    const files = parts.map((part) => new Set(part.map(({ fetch }) => fetch!.file)));
    expect(parts.flat()).toHaveLength(all.length);
    expect([...files[0]!].filter((name) => files[1]!.has(name))).toEqual([]);
    for (const part of files) expect(part.size).toBeGreaterThan(0);
  });

  it('refuses a part that is none', () => {
    expect(() => chooseCandidates([], { part: { index: 2, count: 2 } })).toThrow(RangeError);
  });
});
