import { describe, expect, it } from 'vitest';
import type { VideoSource } from '../../../src/core/index.js';
import { cleaningConfig, judgeScores, markShots } from '../../../src/ingest/index.js';

const scores = { black: 0.2, slideshow: 0.5, talkingHead: 0.4, overlay: 0.1 };
const shotScores = { motion: 2, change: 30, black: 0, talkingHead: 0.1 };

function source(more: Partial<VideoSource> = {}): VideoSource {
  return {
    video: { durationSeconds: 4, frames: 100, timeBase: [1, 25] },
    motion: 2,
    scores,
    shots: [
      { index: 0, startPts: 0, endPts: 50, crop: null, scores: shotScores },
      { index: 1, startPts: 50, endPts: 100, crop: null, scores: { ...shotScores, black: 1, change: 0 } },
    ],
    benchmarks: {},
    ...more,
  } as VideoSource;
}

describe('rules for videos', () => {
  it.each([
    ['black', { maxBlack: 0.1 }, { maxBlack: 0.2 }],
    ['slideshow', { maxSlideshow: 0.4 }, { maxSlideshow: 0.5 }],
    ['little-motion', { minMotion: 2.1 }, { minMotion: 2 }],
    ['talking-head', { maxTalkingHead: 0.3 }, { maxTalkingHead: 0.4 }],
    ['overlay', { maxOverlay: 0.05 }, { maxOverlay: 0.1 }],
    ['no-usable-shot', { needsUsableShot: true, shots: { minSeconds: 3 } }, { needsUsableShot: true }],
  ])('refuse for %s beyond the limit and not at it', (code, strict, lax) => {
    expect(judgeScores(source(), cleaningConfig.parse(strict))?.code).toBe(code);
    expect(judgeScores(source(), cleaningConfig.parse(lax))).toBeNull();
  });

  it('refuse nothing by default, with scoreOnly, in official benchmarks, in older corpora, and of a moment', () => {
    const strict = cleaningConfig.parse({ maxBlack: 0.1 });
    expect(judgeScores(source(), cleaningConfig.parse({}))).toBeNull();
    expect(judgeScores(source(), { ...strict, scoreOnly: true })).toBeNull();
    expect(judgeScores(source({ benchmarks: { ucf101: [] } }), strict)).toBeNull();
    const { video, motion, shots } = source();
    expect(judgeScores({ video, motion, shots }, strict)).toBeNull();
    expect(judgeScores(source({ video: { ...source().video, durationSeconds: 0.5 } }), strict)).toBeNull();
  });
});

describe('rules for shots', () => {
  const marks = (more: object, of = source()) =>
    markShots(of, cleaningConfig.parse(more)).shots.map((it) => it.unusable);

  it('mark what they name and leave the shot in place', () => {
    expect(marks({})).toEqual([undefined, 'black']);
    expect(marks({ shots: { maxBlack: 1, minChange: 2 } })).toEqual([undefined, 'still']);
    expect(marks({ shots: { maxTalkingHead: 0.05, maxBlack: 1 } })).toEqual(['talking-head', 'talking-head']);
    expect(marks({ shots: { minSeconds: 2.5 } })).toEqual(['too-short', 'too-short']);
    expect(markShots(source(), cleaningConfig.parse({})).shots[1]).toMatchObject({
      index: 1,
      startPts: 50,
      endPts: 100,
    });
  });

  it('mark nothing with scoreOnly or in official benchmarks', () => {
    expect(marks({ scoreOnly: true })).toEqual([undefined, undefined]);
    expect(marks({}, source({ benchmarks: { ucf101: [] } }))).toEqual([undefined, undefined]);
  });
});
