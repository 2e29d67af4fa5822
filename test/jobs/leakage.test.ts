import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot, runJob } from '../../src/core/index.js';
import { encodeVideo, ingestConfig, readCorpus } from '../../src/ingest/index.js';
import { forget } from '../../src/jobs/forget.js';
import { ingest } from '../../src/jobs/ingest.js';
import { leakageFile, type LeakageReport } from '../../src/jobs/leakage.js';
import { planIngest } from '../../src/jobs/plan-ingest.js';
import { retry } from '../../src/jobs/retry.js';
import { createTransitionFilm, type TransitionFilm } from '../../src/synthetic/index.js';

const built = existsSync(join(packageRoot(), 'dist', 'ingest', 'worker.js'));
const [width, height] = [160, 120];
const [fps, one] = [25, { takes: 1, width, height }];
let dir = '';
let benchmark = '';
let videos = '';

/** Writes frames from `from` on, changed or not. */
async function write(path: string, film: TransitionFilm, from = 0, change = (it: Uint8Array) => it): Promise<void> {
  const frames = Array.from({ length: film.frameCount - from }, (_, i) => change(film.frame(from + i)));
  await encodeVideo(path, { frames, width, height, fps, quality: 26 });
}

function mirror(frame: Uint8Array): Uint8Array {
  const out = new Uint8Array(frame.length);
  for (let at = 0; at < frame.length; at += 3)
    out.set(frame.subarray(at, at + 3), at + 3 * (width - 1 - 2 * ((at / 3) % width)));
  return out;
}

beforeAll(async () => {
  if (!built) return;
  dir = mkdtempSync(join(tmpdir(), 'reelmine-leakage-'));
  benchmark = join(dir, 'UCF');
  videos = join(dir, 'videos');
  mkdirSync(join(benchmark, 'ucfTrainTestlist'), { recursive: true });
  const lists = join(benchmark, 'ucfTrainTestlist');
  const clip = (group: number) => `Archery/v_Archery_g0${group}_c01.avi`;
  writeFileSync(join(lists, 'classInd.txt'), '1 Archery\r\n');
  writeFileSync(join(lists, 'trainlist01.txt'), `${clip(3)} 1\r\n`);
  writeFileSync(join(lists, 'testlist01.txt'), `${clip(1)}\r\n${clip(2)}\r\n`);
  const films = [11, 12, 13, 14].map((seed) => createTransitionFilm({ seed, ...one }));
  for (const group of [1, 2, 3])
    await encodeVideo(join(benchmark, clip(group)), {
      frames: Array.from({ length: films[group - 1]!.frameCount }, (_, i) => films[group - 1]!.frame(i)),
      ...{ width, height, fps, codec: 'mpeg4' as const, quality: 4 },
    });
  await write(join(videos, 'mirrored-test-clip.mp4'), films[0]!, 10, mirror);
  await write(join(videos, 'training-clip.mp4'), films[2]!);
  await write(join(videos, 'unrelated.mp4'), films[3]!);
}, 60_000);
afterAll(() => dir && rmSync(dir, { recursive: true, force: true }));

describe.skipIf(!built)('ingest --against (needs npm run build)', () => {
  it('names the sources that overlap what a split tests on, and only them', async () => {
    const corpus = join(dir, 'corpus');
    const against = `ucf101:${benchmark}`;
    const { leakage, digest } = await runJob(ingest({ sources: [videos], corpus, against, split: 1, workers: 2 }));
    expect(leakage).toMatchObject({ against, split: 1, clips: 2, unreadable: 0, sources: 3 });
    const leaked = (await readCorpus(corpus)).sources.find(({ paths }) => paths[0]!.includes('mirrored'))!;
    expect(leakage!.overlaps).toMatchObject([
      { source: leaked.id, path: leaked.paths[0], clip: 'Archery/v_Archery_g01_c01', kind: 'near', mirrored: true },
    ]);
    expect(leakage!.overlaps[0]!.overlapSeconds).toBeGreaterThan(1);
    expect(JSON.parse(readFileSync(join(corpus, leakageFile), 'utf8')) as LeakageReport).toEqual(leakage);

    // Without a split everything counts, and what was probed for the first report is not part of the corpus.
    const whole = await runJob(ingest({ sources: [videos], corpus, against, workers: 2 }));
    expect(whole.digest).toBe(digest);
    expect(whole.leakage!.overlaps.map(({ clip }) => clip).sort()).toEqual([
      'Archery/v_Archery_g01_c01',
      'Archery/v_Archery_g03_c01',
    ]);

    // A corpus of the clips themselves overlaps exactly, and an earlier report does not outlive a run without one.
    const itself = await runJob(
      ingest({ sources: [against], corpus: join(dir, 'itself'), against, split: 1, workers: 2 }),
    );
    expect(itself.leakage!.overlaps.map(({ kind, clip }) => [kind, clip])).toEqual(
      expect.arrayContaining([
        ['exact', 'Archery/v_Archery_g01_c01'],
        ['exact', 'Archery/v_Archery_g02_c01'],
      ]),
    );
    await runJob(ingest({ sources: [videos], corpus, workers: 1 }));
    expect(existsSync(join(corpus, leakageFile))).toBe(false);

    // Nor does it name what was forgotten.
    await runJob(ingest({ sources: [videos], corpus, against, split: 1, workers: 1 }));
    expect(readFileSync(join(corpus, leakageFile), 'utf8')).toContain(leaked.id);
    await runJob(forget({ sources: [leaked.id], dirs: [corpus] }));
    expect(existsSync(join(corpus, leakageFile))).toBe(false);
  }, 120_000);

  it('refuses a split that tests on nothing, before it reads anything', async () => {
    const options = { sources: [videos], corpus: join(dir, 'none'), against: videos, split: 4, workers: 1 };
    await expect(runJob(ingest(options))).rejects.toMatchObject({ code: 'no-such-split' });
    expect(existsSync(join(dir, 'none'))).toBe(false);
  }, 60_000);

  it('compares with a list as it is now, counts what it cannot read of it, and forgets it where retry changes the corpus', async () => {
    const corpus = join(dir, 'listed');
    const list = join(dir, 'list.csv');
    const clip = (group: number) => join(benchmark, `Archery/v_Archery_g0${group}_c01.avi`);
    const compare = async (text: string) => {
      writeFileSync(list, `path,start\n${text}`);
      const { leakage } = await runJob(ingest({ sources: [videos], corpus, against: list, workers: 1 }));
      return leakage!;
    };
    const both = await compare(`${clip(1)},\n${clip(3)},\n${join(dir, 'gone.avi')},\n${clip(2)},soon\n`);
    expect(both).toMatchObject({ clips: 2, unreadable: 2 });
    expect(both.overlaps).toHaveLength(2);
    const one = await compare(`${clip(3)},\n`);
    expect(one).toMatchObject({ clips: 1, unreadable: 0 });
    expect(one.overlaps.map(({ clip: name }) => name)).toEqual([clip(3)]);
    await runJob(retry({ corpus, workers: 1 }));
    expect(existsSync(join(corpus, leakageFile))).toBe(false);
  }, 120_000);

  it('writes no report of a list that it was stopped in', async () => {
    const corpus = join(dir, 'stopped');
    const options = { sources: [videos], corpus, against: `ucf101:${benchmark}`, workers: 1 };
    const stop = new AbortController();
    let read = 0;
    const result = await runJob(ingest(options, stop.signal), ({ kind }) => {
      if (kind === 'progress' && ++read === 4) stop.abort(); // the first of the list, after three of the corpus
    });
    expect(result).toMatchObject({ stopped: true, counts: { done: 3 } });
    expect(result.leakage).toBeUndefined();
    expect(existsSync(join(corpus, leakageFile))).toBe(false);
    expect((await runJob(ingest(options))).leakage).toMatchObject({ clips: 3 });
  }, 60_000);
});

describe.skipIf(!built)('ingest --plan (needs npm run build)', () => {
  it('says from a sample what a corpus would hold', async () => {
    const config = ingestConfig.parse({ duplicates: { near: 'off' } });
    const plan = await planIngest({ sources: [videos, join(benchmark, 'Archery')], config, workers: 1, measured: 3 });
    const whole = await runJob(
      ingest({ sources: [videos, join(benchmark, 'Archery')], corpus: join(dir, 'planned'), config, workers: 1 }),
    );
    const { sources } = await readCorpus(join(dir, 'planned'));
    expect(plan).toMatchObject({ files: 6, measured: 3, ignored: 0, absent: 0 });
    expect(whole.counts.done).toBe(6);
    expect(plan.estimate).toMatchObject({ sources: 6, failed: 0 });
    const seconds = sources.reduce((sum, { video }) => sum + video.durationSeconds, 0);
    expect(Math.abs(plan.estimate.videoSeconds / seconds - 1)).toBeLessThan(0.3);
    expect(plan.estimate.seconds).toBeGreaterThan(0);
    expect(plan.estimate.bytes).toBeGreaterThan(1000);
  }, 60_000);

  it('counts the bytes of media once, lines that are none as failures, and plans nothing of nothing', async () => {
    const config = ingestConfig.parse({ duplicates: { near: 'off' } });
    const film = join(videos, 'unrelated.mp4');
    writeFileSync(join(dir, 'plan.csv'), `path,start,end\n${film},0,0.5\n${film},0.5,1\n${film},2,1\n`);
    const plan = await planIngest({ sources: [join(dir, 'plan.csv')], config, workers: 1 });
    expect(plan).toMatchObject({ files: 2, bytes: statSync(film).size, estimate: { sources: 2, failed: 1 } });
    mkdirSync(join(dir, 'empty'));
    const nothing = planIngest({ sources: [join(dir, 'empty')], config, workers: 1 });
    await expect(nothing).rejects.toMatchObject({ code: 'no-videos' });
  }, 60_000);

  it('is of the part and of the limit that are asked for', async () => {
    const config = ingestConfig.parse({ duplicates: { near: 'off' } });
    const options = { sources: [videos, join(benchmark, 'Archery')], config, workers: 1, measured: 1 };
    const parts = await Promise.all(
      [0, 1].map((index) => planIngest({ ...options, part: { index, count: 2 } }).then(({ files }) => files)),
    );
    expect(parts[0]! + parts[1]!).toBe(6);
    expect(Math.max(...parts)).toBeLessThan(6);
    expect((await planIngest({ ...options, limit: 2 })).files).toBe(2);
  }, 120_000);
});
