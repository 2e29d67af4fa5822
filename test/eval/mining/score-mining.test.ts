import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom, type Box, type Metric } from '../../../src/core/index.js';
import { openMiningTruth, scoreMining, type MiningTruth } from '../../../src/eval/mining/index.js';
import { encodeVideo } from '../../../src/ingest/index.js';
import { evaluateMining, runJob } from '../../../src/index.js';
import type { Estimator } from '../../../src/mining/index.js';
import {
  flowPair,
  makeBoxFilm,
  makeCutFilm,
  writeBoxTruth,
  writeCutTruth,
  writeFlowTruth,
} from '../../../src/synthetic/index.js';
import { testData } from '../../fixtures/test-data.js';

const data = testData();
const root = mkdtempSync(join(tmpdir(), 'reelmine-truth-'));
const at = (name: string): string => join(root, name);
const film = makeBoxFilm(1, { width: 160, height: 120, frames: 12, side: 40, speed: 6 });
const cutFilms = {
  one: { frames: makeCutFilm(1, { frames: 60, cuts: [20, 41] }), cuts: [20, 41] },
  two: { frames: makeCutFilm(2, { frames: 40, cuts: [] }), cuts: [] },
};

beforeAll(async () => {
  await writeBoxTruth(at('boxes'), { square: film });
  await writeCutTruth(at('cuts'), cutFilms);
  await writeFlowTruth(at('flow'), {
    slow: flowPair({ width: 160, height: 120, seed: 1, maxShift: 4 }),
    fast: flowPair({ width: 160, height: 120, seed: 2, maxShift: 8 }),
  });
});

afterAll(() => rmSync(root, { recursive: true }));

function score(truth: MiningTruth, estimate: readonly Estimator<unknown>[], toleranceFrames = 2) {
  const random = createRandom(1);
  const { signal } = new AbortController();
  const scoring = { config: {}, toleranceFrames, random, signal, emit: () => {} };
  return scoreMining({ name: 'given', estimate }, truth, scoring);
}

const valueOf = (metrics: readonly Metric[], name: string): number =>
  metrics.find((metric) => metric.name === name)!.value;

describe('boxes', () => {
  it('gives a knowing tracker full marks, and a box that stays the marks of its rival', async () => {
    const truth = openMiningTruth(`boxes:${at('boxes')}`);
    const knowing = await score(truth, [boxesBy(() => film.boxes)]);
    expect(knowing.metrics.map(({ name, value }) => [name, value])).toEqual([
      ['precision20', 1],
      ['meanIoU', 1],
      ['success', 20 / 21],
    ]);
    const staying = await score(truth, [boxesBy((first, frames) => Array.from({ length: frames }, () => first))]);
    expect(staying.rivals).toEqual([{ name: 'static-box', metrics: staying.metrics }]);
    expect(valueOf(staying.metrics, 'meanIoU')).toBeLessThan(0.7);
    expect(staying.rows).toEqual([{ name: 'square', ...Object.fromEntries(pairs(staying.metrics)) }]);
  });

  it('hands over the frames as they were written, in order', async () => {
    const truth = openMiningTruth(`boxes:${at('boxes')}`);
    if (truth.kind !== 'boxes') throw new Error('not boxes');
    let i = 0;
    for await (const frame of truth.items[0]!.frames()) {
      expect(frame).toMatchObject({ width: 160, height: 120, channels: 3, seconds: i / 25 });
      expect(Buffer.compare(frame.data, film.frames[i++]!.data)).toBe(0);
    }
    expect(i).toBe(film.frames.length);
    expect(truth.items[0]!.boxes).toEqual(film.boxes);
  });

  it('reads lines with other separators, and no box where the thing is out of view', () => {
    const dir = at('other');
    mkdirSync(join(dir, 'img'), { recursive: true });
    writeFileSync(join(dir, 'img', '0001.jpg'), '');
    writeFileSync(join(dir, 'groundtruth_rect.txt'), '1\t2\t3\t4\n1, 2, 3, 4 # seen\nnan,nan,nan,nan\n0 0 0 0\n');
    const truth = openMiningTruth(`boxes:${dir}`);
    expect(truth.items).toMatchObject([
      { boxes: [...Array<Box>(2).fill({ x: 1, y: 2, width: 3, height: 4 }), null, null] },
    ]);
  });

  it('names what it cannot read', async () => {
    writeFileSync(join(at('boxes'), 'square', 'boxes.txt.bad'), '');
    expect(() => openMiningTruth(`boxes:${at('nowhere')}`)).toThrow(/not a folder/);
    expect(() => openMiningTruth(`masks:${root}`)).toThrow(/boxes:DIR, cuts:DIR, flow:DIR/);
    expect(() => openMiningTruth(`cuts:${at('boxes')}`)).toThrow(/holds no truth of cuts/);
    const bad = at('bad');
    mkdirSync(bad);
    writeFileSync(join(bad, '1.png'), '');
    writeFileSync(join(bad, 'boxes.txt'), '1,2,3\n');
    expect(() => openMiningTruth(`boxes:${bad}`)).toThrow(/x, y, width and height, got "1,2,3"/);
    const short = openMiningTruth(`boxes:${at('boxes')}`) as Extract<MiningTruth, { kind: 'boxes' }>;
    const longer = { ...short.items[0]!, boxes: [...film.boxes, film.boxes[0]!] };
    await expect(score({ ...short, items: [longer] }, [boxesBy(() => longer.boxes)])).rejects.toThrow(
      /boxes for 13 frames, but only 12/,
    );
    await expect(score(short, [])).rejects.toThrow(/given gives no estimate of boxes; it gives nothing/);
  });
});

describe('cuts', () => {
  it('counts over all films, and knows how far off one is', async () => {
    const truth = openMiningTruth(`cuts:${at('cuts')}`);
    const say = (cuts: readonly number[]): Estimator<unknown> => ({
      kind: 'cuts',
      async run(frames) {
        let count = 0;
        for await (const frame of frames) count += Number(frame.width > 0);
        return count === 60 ? cuts : [];
      },
    });
    const near = await score(truth, [say([18, 50])]);
    expect(near.metrics.map(({ value }) => value)).toEqual([0.5, 0.5, 0.5]);
    expect((await score(truth, [say([18, 50])], 1)).metrics.map(({ value }) => value)).toEqual([0, 0, 0]);
    expect(near.rivals.map(({ name, metrics }) => [name, valueOf(metrics, 'f1')])).toEqual([
      ['no-cuts', 0],
      ['uniform', 1], // 20 and 40 of 60 frames: it is told how many
    ]);
  });

  it('are found by temporal-order in generated films and in a video file', async () => {
    const dir = at('coded');
    mkdirSync(dir);
    await encodeVideo(join(dir, 'film.mp4'), {
      width: 160,
      height: 120,
      fps: 25,
      frames: cutFilms.one.frames.map(({ data }) => data),
    });
    writeFileSync(join(dir, 'film.cuts.txt'), '# by hand\n20\n41\n');
    for (const folder of [at('cuts'), dir]) {
      const result = await runJob(evaluateMining({ signal: 'temporal-order', truth: `cuts:${folder}` }));
      expect(valueOf(result.metrics, 'f1')).toBe(1);
    }
  });
});

describe('flow', () => {
  it('gives the true flow no error, and no motion the rival’s', async () => {
    const truth = openMiningTruth(`flow:${at('flow')}`) as Extract<MiningTruth, { kind: 'flow' }>;
    const flows = new Map<Uint8Array, Float32Array>();
    const items = truth.items.map(({ name, load }) => ({
      name,
      load: async () => {
        const pair = await load();
        flows.set(pair.frames[0].data, pair.flow);
        return pair;
      },
    }));
    const exact = await score({ ...truth, items }, [
      { kind: 'flow', run: async ([first]) => flows.get(first.data)!.slice() },
    ]);
    expect(exact.metrics.map(({ value }) => value)).toEqual([0, 0]);
    expect(exact.metrics[0]).toMatchObject({ name: 'endPointError', unit: 'px', direction: 'lower', examples: 2 });
    const still = await score(truth, [
      { kind: 'flow', run: async ([{ width, height }]) => new Float32Array(2 * width * height) },
    ]);
    expect(still.rivals).toMatchObject([
      { name: 'zero-flow', metrics: [{ value: valueOf(still.metrics, 'endPointError') }, {}] },
    ]);
    expect(valueOf(still.metrics, 'endPointError')).toBeGreaterThan(1);
  });

  it('is measured by temporal-order far better than no motion, and written as the contract has it', async () => {
    const out = at('result');
    const options = { signal: 'temporal-order', truth: `flow:${at('flow')}`, out };
    const result = await runJob(evaluateMining(options));
    const written = readFileSync(join(out, 'result.json'), 'utf8');
    expect(JSON.parse(written)).toEqual(result);
    expect(valueOf(result.metrics, 'endPointError')).toBeLessThan(0.8);
    expect(valueOf(result.rivals[0]!.metrics, 'endPointError')).toBeGreaterThan(
      3 * valueOf(result.metrics, 'endPointError'),
    );
    expect(readFileSync(join(out, 'predictions.jsonl'), 'utf8').trim().split('\n')).toHaveLength(2);
    await runJob(evaluateMining(options));
    expect(readFileSync(join(out, 'result.json'), 'utf8')).toBe(written);
  });

  it.skipIf(data === null)('is read from the layouts of real sets', async () => {
    const truth = openMiningTruth(`flow:${join(data!, 'flow')}`) as Extract<MiningTruth, { kind: 'flow' }>;
    const loaded = await Promise.all(truth.items.map(async ({ name, load }) => ({ name, ...(await load()) })));
    expect(loaded.map(({ name, frames: [{ width, height }] }) => `${name} ${width}×${height}`)).toEqual([
      'chairs_like/0flow.flo 512×384',
      'kitti/flow_gt.png 1242×375',
      'middlebury_rubberwhale/flow10.flo 584×388',
    ]);
    const known = loaded.map(({ flow }) => flow.filter((value) => !Number.isNaN(value)).length / flow.length);
    expect(known[0]).toBe(1);
    expect(known[1]).toBeCloseTo(0.162, 3);
    expect(known[2]).toBeCloseTo(0.984, 2);
  });
});

function boxesBy(answer: (first: Box, frames: number) => readonly (Box | null)[]): Estimator<unknown> {
  return {
    kind: 'boxes',
    async run(frames, _config, { first }) {
      let count = 0;
      for await (const frame of frames) count += Number(frame.width > 0);
      return answer(first, count);
    },
  };
}

function pairs(metrics: readonly Metric[]): (readonly [string, number])[] {
  return metrics.map(({ name, value }) => [name, value]);
}
