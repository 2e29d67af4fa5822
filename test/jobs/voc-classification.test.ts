import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom, runJob, readJsonLines, type Metric } from '../../src/core/index.js';
import { evaluate, planEvaluation, type EvaluateOptions } from '../../src/index.js';
import { readResult } from '../../src/jobs/report-result.js';
import { resolveTaskConfig, tasks } from '../../src/models/index.js';
import { ladderVerdict } from '../../src/report/ladder.js';
import { encodeImage } from '../../src/vision/index.js';

const dir = mkdtempSync(join(tmpdir(), 'reelmine-voc-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const classNames =
  'aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep sofa train tvmonitor'.split(
    ' ',
  );
/** What each class looks like: a colour and a shape; two share each colour. The other classes are nowhere. */
const looks = [
  { name: 'bus', colour: [220, 40, 40], isRound: false },
  { name: 'cat', colour: [220, 40, 40], isRound: true },
  { name: 'dog', colour: [40, 80, 220], isRound: false },
  { name: 'person', colour: [40, 80, 220], isRound: true },
] as const;
const side = 64;

interface Made {
  readonly id: string;
  readonly codes: Readonly<Record<string, 1 | -1 | 0>>;
  readonly picture: Uint8Array;
}

/** A grey picture with one or two things; some small ones are called difficult. */
function makePicture(n: number): Made {
  const random = createRandom(`picture ${n}`);
  const picture = Uint8Array.from({ length: side * side * 3 }, () => 90 + random.int(60));
  const codes: Record<string, 1 | -1 | 0> = {};
  const count = 1 + random.int(2);
  for (const { name, colour, isRound } of random.shuffle([...looks, looks[3], looks[3]]).slice(0, count)) {
    const isDifficult = random.int(6) === 0;
    const radius = isDifficult ? 3 : 8 + random.int(6);
    const [cx, cy] = [radius + random.int(side - 2 * radius), radius + random.int(side - 2 * radius)];
    for (let y = cy - radius; y < cy + radius; y++)
      for (let x = cx - radius; x < cx + radius; x++)
        if (!isRound || (x - cx) ** 2 + (y - cy) ** 2 < radius ** 2)
          for (let c = 0; c < 3; c++) picture[(y * side + x) * 3 + c] = colour[c]! + random.int(20);
    codes[name] = codes[name] === 1 || !isDifficult ? 1 : 0;
  }
  return { id: String(n).padStart(6, '0'), codes, picture };
}

const made = Array.from({ length: 90 }, (_, n) => makePicture(n));
const setOf = (n: number) => (n % 3 === 0 ? 'test' : n % 3 === 1 ? 'train' : 'val');
const voc = join(dir, 'VOCdevkit', 'VOC2007');

beforeAll(async () => {
  for (const folder of ['ImageSets/Main', 'JPEGImages']) mkdirSync(join(voc, folder), { recursive: true });
  for (const { id, picture } of made) {
    const { data } = await encodeImage(picture, side, side, 3);
    writeFileSync(join(voc, 'JPEGImages', `${id}.jpg`), data);
  }
  for (const set of ['train', 'val', 'test'])
    for (const name of classNames)
      writeFileSync(
        join(voc, 'ImageSets', 'Main', `${name}_${set}.txt`),
        made
          .filter((_, n) => setOf(n) === set)
          .map(({ id, codes }) => `${id} ${String(codes[name] ?? -1).padStart(2)}\n`)
          .join(''),
      );
});

const settings = ['lowShot.positives=[1,4,99]', 'lowShot.draws=3', 'bootstrapDraws=200', 'kMeans.patches=300'];
const optionsOf = (out: string, more: Partial<EvaluateOptions> = {}): EvaluateOptions => ({
  protocol: 'voc-classification',
  run: 'random:wang-gupta?preset=tiny',
  data: `voc:${dir}`,
  out: join(dir, out),
  seeds: 2,
  workers: 1,
  set: settings,
  ...more,
});
const run = (out: string, more: Partial<EvaluateOptions> = {}) => runJob(evaluate(optionsOf(out, more)));
const value = (metrics: readonly Metric[], variant = 'envelope', name = 'meanAveragePrecision') =>
  metrics.find((metric) => metric.name === name && metric.variant === variant)!.value;

describe('eval voc-classification', () => {
  it('goes the whole way from official lists and pictures to three mean average precisions beside every rival', async () => {
    const result = await run('first');
    const { metrics, rivals } = result;
    const of = (name: string) => rivals.find((rival) => rival.name === name)!.metrics;
    expect(rivals.map(({ name }) => name)).toEqual([
      'chance',
      'untrained',
      'k-means',
      'colour-histogram',
      'oriented-gradients',
    ]);
    for (const variant of ['envelope', '11-point', 'step-wise']) {
      const own = metrics.find((metric) => metric.name === 'meanAveragePrecision' && metric.variant === variant)!;
      expect(own).toMatchObject({ examples: 30, split: 'voc 1' });
      expect(own.interval![0]).toBeLessThanOrEqual(own.value);
      // colours tell two pairs of classes apart, and no more
      expect(value(of('colour-histogram'), variant)).toBeGreaterThan(value(of('chance'), variant) + 0.1);
    }
    expect(value(metrics)).toBeGreaterThanOrEqual(value(metrics, 'step-wise'));
    expect(metrics.map(({ name }) => name)).toContain('meanAveragePrecisionGain');
    expect(metrics.find(({ name }) => name === 'meanAveragePrecision.lowShot4')!.seeds).toHaveLength(3);
    expect(metrics.some(({ name }) => name === 'meanAveragePrecision.lowShot99')).toBe(false);
    expect(value(of('colour-histogram'), 'envelope', 'meanAveragePrecision.lowShot4')).toBeGreaterThan(
      value(of('chance')),
    );
    expect(of('untrained')[0]!.seeds).toHaveLength(2);

    // What is there, counted by hand.
    const inSet = (sets: readonly string[]) => made.filter((_, n) => sets.includes(setOf(n)));
    const count = (name: string, code: number, sets: readonly string[]) =>
      inSet(sets).filter(({ codes }) => (codes[name] ?? -1) === code).length;
    const rows = readJsonLines<Record<string, unknown>>(join(dir, 'first', 'classes.jsonl'));
    expect(rows).toHaveLength(4);
    const shown = await readResult(join(dir, 'first', 'result.json'));
    const { classScores } = shown;
    expect(ladderVerdict(shown)).toBeNull(); // nobody has trained these weights
    const { isUntrained, ...asTrained } = shown;
    expect(isUntrained).toBe(true);
    expect(ladderVerdict(asTrained)!.text).toMatch(
      /^Colours .+, untrained weights .+, trained .+: (?:not )?in this order[,;]/,
    );
    expect(classScores!.scores).toEqual(rows.map((row) => ({ name: row['class'], value: row['elevenPoint'] })));
    for (const row of rows)
      expect(row).toMatchObject({
        train: {
          positives: count(row['class'] as string, 1, ['train', 'val']),
          ignored: count(row['class'] as string, 0, ['train', 'val']),
        },
        test: { positives: count(row['class'] as string, 1, ['test']), ignored: count(row['class'] as string, 0, ['test']) }, // prettier-ignore
      });
    const shares = looks.map(({ name }) => count(name, 1, ['test']) / (30 - count(name, 0, ['test'])));
    expect(of('chance').find(({ name }) => name === 'prevalence')!.value).toBeCloseTo(
      shares.reduce((a, b) => a + b) / 4,
      12,
    );
    const predictions = readJsonLines<{ key: string; scores: number[] }>(join(dir, 'first', 'predictions.jsonl'));
    expect(predictions.map(({ key }) => key)).toEqual(inSet(['test']).map(({ id }) => id));
    expect(predictions.every(({ scores }) => scores.length === 4)).toBe(true);
  });

  it('gives the same files again, from lists of the other coding as well', async () => {
    const other = join(dir, 'fair', 'VOC2007');
    for (const folder of ['ImageSets/Main', 'JPEGImages']) mkdirSync(join(other, folder), { recursive: true });
    for (const { id } of made)
      writeFileSync(join(other, 'JPEGImages', `${id}.jpg`), readFileSync(join(voc, 'JPEGImages', `${id}.jpg`)));
    for (const set of ['train', 'val', 'test'])
      for (const name of classNames)
        writeFileSync(
          join(other, 'ImageSets', 'Main', `${name}_${set}.txt`),
          readFileSync(join(voc, 'ImageSets', 'Main', `${name}_${set}.txt`), 'utf8')
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => line.replace(/ (?:-1| 0)$/, (code) => (code === ' -1' ? ' 0' : ' -1')))
            .join('\r\n'),
        );
    await run('second', { data: `voc:${join(dir, 'fair')}?coding=fair` });
    for (const file of ['result.json', 'predictions.jsonl', 'classes.jsonl'])
      expect(readFileSync(join(dir, 'second', file), 'utf8')).toBe(readFileSync(join(dir, 'first', file), 'utf8'));
  });

  it('makes negatives of difficult ones where training is told to, and judges on val in split 2', async () => {
    const corpus = join(dir, 'first', 'corpus');
    const more = {
      data: corpus,
      set: [...settings, 'ignoredInTraining=negative', 'kMeans.pictures=0', 'costs=[0.1,1]'],
    };
    const { metrics, rivals } = await run('third', { ...more, split: 2 });
    expect(metrics[0]).toMatchObject({ examples: 30, split: 'voc 2' });
    expect(rivals.map(({ name }) => name)).not.toContain('k-means');
  });

  it('counts pictures that are listed and not here, and plans with or without them, with exact counts and bytes', async () => {
    rmSync(join(voc, 'JPEGImages', `${made[0]!.id}.jpg`));
    await expect(run('fourth')).rejects.toThrow(/^1 clips of the official list of voc are not here/);

    const corpus = join(dir, 'fourth', 'corpus');
    const plan = (more: Partial<EvaluateOptions> = {}) =>
      runJob(planEvaluation(optionsOf('fifth', { data: corpus, ...more })));
    const { config } = resolveTaskConfig(await tasks.load('wang-gupta'), { set: ['preset=tiny'] });
    const { fc6: features } = config as unknown as { readonly fc6: number };
    const media = readJsonLines<{ bytes: number }>(join(corpus, 'manifest.jsonl')).reduce(
      (sum, one) => sum + one.bytes,
      0,
    );
    const whole = await plan();
    expect(whole).toMatchObject({ unit: 'pictures', units: 90 });
    // the model, and of two seeds untrained weights and k-means; colours and gradients; in float64 both lists and twice the training list
    expect(whole.bytes).toEqual({
      media: Math.round((media / 89) * 90),
      scratch: 4 * 90 * (5 * features + 64 + 144),
      features: 8 * Math.max(features, 144) * (90 + 2 * 60),
    });
    expect(whole.notes[0]).toBe('60 pictures to train on and 30 to test on, 20 classes; 89 of them are here');
    const part = await plan({
      partial: true,
      set: [...settings, 'kMeans.pictures=0', 'costs=[1]', 'lowShot.positives=[]'],
    });
    expect(part).toMatchObject({ units: 89, bytes: { media, scratch: 4 * 89 * (3 * features + 64 + 144) } });
    expect(part.notes[0]).toBe('60 pictures to train on and 29 to test on, 4 classes');
    expect(whole.notes.join()).toMatch(/5 networks .* of fitting \(costs 11, folds 3\)/);
    expect(part.notes.join()).toMatch(/3 networks .* of fitting \(costs 1, folds 3\)/);
    for (const { seconds } of [whole, part]) expect(seconds).toBeGreaterThan(0);
    const second = await plan({ split: 2 });
    expect(second.units).toBe(60);
    expect(existsSync(join(dir, 'fifth'))).toBe(false);
  });
});
