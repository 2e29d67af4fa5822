import { describe, expect, it } from 'vitest';
import type { VideoSource } from '../../src/core/index.js';
import { ingestConfig, judgeEntry, type JournalEntry } from '../../src/ingest/index.js';

type Judged = Pick<JournalEntry, 'probed' | 'facts' | 'about'>;

/** Two seconds of 64×48, of which the header promised twice as many frames. */
function entry(benchmarks: VideoSource['benchmarks'] = {}): Judged {
  const video = { width: 64, height: 48, codedWidth: 64, codedHeight: 48, frames: 50, durationSeconds: 2 };
  return {
    probed: { bytes: 1000, shots: [], video: { ...video, startPts: 0, endPts: 50, timeBase: [1, 25] } },
    facts: { framesPromised: 100, framesDecoded: 50, droppedFrames: 0 },
    about: { licence: null, origin: null, benchmarks },
  } as unknown as Judged;
}

const listed = { ucf101: [] };
const codeOf = (of: Judged, set: object) => judgeEntry(of, ingestConfig.parse(set))?.code ?? null;

describe('rules for files', () => {
  it.each([
    ['too-short', { minSeconds: 3 }],
    ['too-small', { minSide: 49 }],
    ['truncated', { minDecodableShare: 0.6 }],
  ])('refuse for %s, but neither with scoreOnly nor in official benchmarks', (code, rule) => {
    expect(codeOf(entry(), rule)).toBe(code);
    expect(codeOf(entry(), { ...rule, cleaning: { scoreOnly: true } })).toBeNull();
    expect(codeOf(entry(listed), rule)).toBeNull();
  });

  it('refuse what is beyond the limits or damaged in any case', () => {
    const over = { limits: { pixels: 64 * 48 - 1 }, cleaning: { scoreOnly: true } };
    expect([codeOf(entry(), over), codeOf(entry(listed), over)]).toEqual(['over-limit', 'over-limit']);
    const streams = { ...entry(listed).facts, streams: 3 };
    const codeOfStreams = (limit: number) =>
      codeOf({ ...entry(listed), facts: streams }, { limits: { streams: limit } });
    expect([codeOfStreams(2), codeOfStreams(3)]).toEqual(['over-limit', null]);
    const damaged = { ...entry(listed), facts: { framesPromised: 100, framesDecoded: 150, droppedFrames: 51 } };
    expect(codeOf(damaged, { cleaning: { scoreOnly: true } })).toBe('bad-timestamps');
  });
});
