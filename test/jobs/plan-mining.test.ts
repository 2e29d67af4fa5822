import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder, type VideoSource } from '../../src/core/index.js';
import { planMining } from '../../src/index.js';
import { secondsFor, spreadByLength } from '../../src/jobs/plan-mining.js';
import { makeSmallCorpus, smallOrder } from './small-corpus.js';

let small: Awaited<ReturnType<typeof makeSmallCorpus>>;

beforeAll(async () => {
  small = await makeSmallCorpus();
}, 60_000);

afterAll(() => rmSync(small.root, { recursive: true }));

const plans = () => readdirSync(scratchFolder()).filter((name) => name.startsWith('reelmine-plan-'));

describe('planMining', () => {
  it('says what mining gives where it measured everything, and leaves nothing behind', async () => {
    const before = plans();
    const out = join(small.root, 'planned');
    const options = { signals: ['temporal-order'], corpus: small.corpus, out, workers: 1, set: smallOrder };
    const plan = await planMining(options);
    const { summary } = small.result.signals['temporal-order']!;
    expect(plan).toMatchObject({ sources: 2, measured: 2, shots: summary!.units });
    expect(plan.estimate.samples).toBe(summary!.samples);
    expect(plan.signals[0]).toMatchObject({ samples: summary!.samples, bytes: summary!.bytes });
    expect(plan.estimate.seconds).toBeGreaterThan(0);
    expect(existsSync(out)).toBe(false);
    expect(plans()).toEqual(before);
  }, 60_000);

  it('measures one of two, and counts twice what it gave', async () => {
    const options = { signals: ['temporal-order'], corpus: small.corpus, out: 'none', workers: 1, set: smallOrder };
    const plan = await planMining(options, { measured: 1 });
    expect(plan).toMatchObject({ sources: 2, measured: 1 });
    expect(plan.estimate.samples % 2).toBe(0);
    expect(plan.estimate.samples).toBeGreaterThan(0);
    expect(existsSync('none')).toBe(false);
  }, 60_000);
});

describe('what a plan measures', () => {
  const source = (id: string, durationSeconds: number): VideoSource =>
    ({ id, video: { durationSeconds } }) as unknown as VideoSource;

  it('is of all lengths: the mean length of what is measured is that of all', () => {
    const sources = Array.from({ length: 100 }, (_, i) => source(`s${i}`, 1 + ((i * 37) % 100)));
    const lengths = spreadByLength(sources, 5).map(({ video }) => video.durationSeconds);
    expect(lengths).toEqual([11, 31, 51, 71, 91]);
    expect(spreadByLength(sources.slice(0, 3), 5)).toHaveLength(3);
    const equal = Array.from({ length: 9 }, (_, i) => source(`e${i}`, 5));
    expect(spreadByLength([...equal].reverse(), 3)).toEqual(spreadByLength(equal, 3));
  });

  it('gives the time to start once, not for every source', () => {
    // 2 seconds to start, half a second for each second of video.
    const line = (length: number) => ({ length, seconds: 2 + length / 2 });
    expect(secondsFor(1000, [line(5), line(60)])).toBeCloseTo(502, 9);
    expect(secondsFor(60, [line(5), line(60)])).toBeCloseTo(32, 9);
    expect(secondsFor(100, [{ length: 10, seconds: 5 }])).toBe(50);
    expect(secondsFor(100, [line(10), { length: 20, seconds: 6 }])).toBe(30); // noise: no line that falls
    expect(secondsFor(0, [])).toBe(0);
  });
});
