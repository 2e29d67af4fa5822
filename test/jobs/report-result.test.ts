import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectReport, readCorpus, renderReport } from '../../src/index.js';
import { encodeVideo } from '../../src/ingest/index.js';
import { confusionOf, readResult, runNamer } from '../../src/jobs/report-result.js';
import { checkMarkup } from '../report/balanced.js';
import { drawDisc } from '../report/fixture.js';
import { share } from '../report/result-fixture.js';
import { makeSmallCorpus } from './small-corpus.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reelmine-report-'));
});
afterAll(() => rmSync(root, { recursive: true }));

const result = {
  schema: 1,
  protocol: 'action-recognition',
  version: 2,
  evaluated: { task: 'wang-gupta', run: 'runs/first', step: 10, weightsSha256: 'ab' },
  data: { name: 'ucf101', examples: 3, absent: 0, digest: null },
  split: 1,
  seeds: 2,
  leak: null,
  metrics: [share('top1', 0.5, [0.4, 0.6])],
  rivals: [],
};

/** A folder with a result and the lines of its predictions. */
function writeResult(name: string, about: object, rows: readonly object[]): string {
  const dir = join(root, name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'result.json'), JSON.stringify({ ...result, ...about }));
  writeFileSync(join(dir, 'predictions.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return dir;
}

const answer = (key: string, label: number, logits: readonly number[], seed: number, features = 'singleFrame') => ({
  key,
  source: key,
  group: key,
  label,
  seed,
  features,
  classes: [4, 7, 9],
  logits,
});
const answers = [
  answer('Run/a', 4, [2, 1, 0], 0),
  answer('Run/a', 4, [0, 3, 1], 1),
  answer('Sit/b', 7, [5, 5, 0], 0), // of equals the first
  answer('Sit/b', 7, [0, 1, 0.5], 1),
  answer('Sit/b', 7, [9, 0, 0], 0, 'threeFrames'),
];

describe('what is read of a result', () => {
  it('counts which class was named for which, by hand', async () => {
    const dir = writeResult('recognition', {}, answers);
    const { classes, subject, notes } = await readResult(join(dir, 'result.json'));
    expect(classes!.names).toEqual(['Run', 'Sit', 'class 9']);
    expect(classes!.confusion).toEqual([
      [1, 1, 0],
      [1, 1, 0],
      [0, 0, 0],
    ]);
    expect(classes!.about).toContain('2 times, once for each seed');
    expect(subject).toBe('first');
    expect(notes).toBeUndefined();
  });

  it('agrees with the accuracy that the protocol counts', () => {
    const { confusion } = confusionOf(answers, String)!;
    const right = confusion.reduce((sum, row, i) => sum + row[i]!, 0);
    expect(right / confusion.flat().reduce((a, b) => a + b)).toBe(0.5);
    expect(confusionOf([{ key: 'a', label: 1, score: 2 }], String)).toBeNull();
  });

  it('shows misses and hits of a search, and says what is partial, leaked and a mean', async () => {
    const near = (key: string, label: number, cosine: number) => ({ key, source: key, label, cosine });
    const rows = Array.from({ length: 40 }, (_, i) => ({
      key: `Run/q${i}`,
      source: `q${i}`,
      label: 4,
      rank: i < 30 ? 1 : i < 38 ? 2 : null,
      nearest: [near('Run/x', 4, 0.9), near('Sit/y', 7, 0.8)],
    }));
    const dir = writeResult(
      'retrieval',
      { protocol: 'retrieval', data: { absent: 12 }, leak: 2, splits: [1, 2] },
      rows,
    );
    const { queries, notes, splits } = await readResult(join(dir, 'result.json'));
    expect(queries).toMatchObject({ total: 40, hits: 30 });
    expect(queries!.shown.map(({ rank }) => rank === 1).filter(Boolean)).toHaveLength(6);
    expect(queries!.shown).toHaveLength(12);
    expect(queries!.shown[0]!.nearest.map(({ isHit, className }) => [isHit, className])).toEqual([
      [true, 'Run'],
      [false, 'Sit'],
    ]);
    expect(splits).toEqual([1, 2]);
    expect(notes!.join(' ')).toMatch(/2 videos or groups were trained on.*12 entries.*splits 1, 2/);
  });
});

describe('what is told apart', () => {
  it('is runs whose folders are called the same', () => {
    const name = runNamer(['a/run', 'b/run', 'b/run/', 'c/other']);
    expect(['a/run', 'b/run', 'c/other'].map(name)).toEqual(['a/run', 'b/run', 'other']);
  });

  it('is what one run reaches on two sets of data, in the rows of a page too', async () => {
    const of = (top1: number) => ({ metrics: [share('top1', top1)], rivals: [{ name: 'majority', metrics: [share('top1', top1 / 2)] }] }); // prettier-ignore
    const dirs = [writeResult('sets/near', of(0.5), []), writeResult('sets/far', of(0.25), [])];
    const other = writeResult(
      'sets/other',
      { ...of(0.75), evaluated: { ...result.evaluated, run: 'runs/second' } },
      [],
    );
    const { results = [] } = await collectReport([...dirs, other]);
    expect(results.map(({ subject }) => subject)).toEqual(['first, near', 'first, far', 'second']);
    const words = renderReport({ title: 't', results }).replace(/<[^>]*>/g, ' ').replace(/[\s\u202f]+/g, ' '); // prettier-ignore
    for (const row of [
      'first, near 50.0 %',
      'first, far 25.0 %',
      'majority (of first, near) 25.0 %',
      'majority (of first, far) 12.5 %',
    ])
      expect(words).toContain(row);
  });

  it('is probe and fine-tune, and results of other settings', async () => {
    const of = (protocol: string, ticks: number) => ({ config: { protocol, fineTune: { steps: 5 }, ticks } });
    const dirs = [
      writeResult('one', of('probe', 9), []),
      writeResult('two', of('probe', 3), []),
      writeResult('three', of('fine-tune', 9), []),
    ];
    const { results } = await collectReport(dirs);
    const names = ['action-recognition, probe', 'action-recognition, probe', 'action-recognition, fine-tune'];
    expect(results!.map(({ protocol }) => protocol)).toEqual(names);
    expect(results![0]!.settings).toEqual({ version: '2', protocol: 'probe', 'fineTune.steps': '5', ticks: '9' });
    const page = renderReport({ title: 't', results: results! });
    expect(page.match(/different settings/g)).toHaveLength(1);
    expect(page).toMatch(/may not compare: ticks 9 &#47; 3\.|may not compare: ticks 9 \/ 3\./);
  });
});

describe('a report on folders', () => {
  it('has thumbnails of the corpus at hand, and none where it is not', async () => {
    const small = await makeSmallCorpus();
    try {
      const { sources } = await readCorpus(small.corpus);
      const [first, second] = sources;
      const named = (id: string) => ({ key: `Run/${id}`, source: id, label: 4 });
      const row = {
        ...named(first!.id),
        rank: 1,
        nearest: [second!.id, 'gone'].map((id) => ({ ...named(id), cosine: 0.5 })),
      };
      const dir = writeResult('searched', { protocol: 'retrieval' }, [row]);
      const [without] = (await collectReport([dir])).results!;
      expect(without!.queries!.shown[0]!.video.picture).toBeUndefined();
      const [withPictures] = (await collectReport([small.corpus, dir])).results!;
      const [shown] = withPictures!.queries!.shown;
      expect(shown!.video.picture!.width).toBeGreaterThan(20);
      expect(shown!.nearest.map(({ picture }) => picture !== undefined)).toEqual([true, false]);
    } finally {
      rmSync(small.root, { recursive: true });
    }
  }, 60_000);

  it('plays what predict drew, also after its folder was moved, and finds single splits and films below a run', async () => {
    const drawn = join(root, 'drawn');
    mkdirSync(drawn);
    const frames = Array.from({ length: 8 }, (_, i) => drawDisc(96, 48, i / 7, 20));
    await encodeVideo(join(drawn, 'a.mp4'), { frames, width: 96, height: 48, fps: [8, 1] });
    const video = { path: 'films/a.avi', outputs: [join(drawn, 'a.mp4'), join(drawn, 'a.gif')], psnr: [21.5, null] };
    const gone = { path: 'films/b.avi', outputs: [join(drawn, 'b.mp4')] };
    const index = { schema: 1, task: 'svg-lp', run: 'runs/svg', steps: 6, videos: [video, gone] };
    writeFileSync(join(drawn, 'predictions.json'), JSON.stringify(index));
    const run = join(root, 'run');
    mkdirSync(join(run, 'checkpoints'), { recursive: true });
    writeFileSync(join(run, 'config.yaml'), 'task: svg-lp\n');
    writeFileSync(join(run, 'metrics.jsonl'), '{"step":1,"loss":2}\n');
    writeResult('run/results/action-recognition', { splits: [1, 2] }, []);
    writeResult('run/results/action-recognition/split-1', {}, answers);
    renameSync(drawn, join(run, 'futures'));
    const data = await collectReport([run]);
    expect(data.results!.map(({ classes }) => classes !== undefined)).toEqual([false, true]);
    expect(data.results!.map(({ subject }) => subject)).toEqual(['first, action-recognition', 'first, split-1']);
    const [predictions] = data.predictions!;
    expect(predictions!.videos).toHaveLength(1);
    const [{ picture, facts }] = predictions!.videos as [NonNullable<typeof predictions>['videos'][number]];
    expect(picture.clip).toEqual({ frames: 8, seconds: 1 });
    expect(picture.width).toBe(96);
    expect(facts[0]!.value).toBe('21.50, exact');
    expect(predictions!.total).toBe(2);
    expect((await collectReport([join(run, 'futures')])).predictions).toHaveLength(1);
    const page = renderReport(data);
    expect(checkMarkup(page).faults).toEqual([]);
    expect(page).toContain('class="clip"');
  });

  it('refuses folders that are nothing', async () => {
    await expect(collectReport([root])).rejects.toThrow(/is neither a corpus/);
  });
});
