import { mkdirSync, mkdtempSync, rmSync, existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot, runJob } from '../../src/core/index.js';
import { ingest, ingestConfig, readCorpus } from '../../src/ingest/index.js';
import { mergeCorpora } from '../../src/jobs/merge-corpora.js';
import { buildClip, cutsAt, truncateFile } from '../fixtures/clips.js';

const built = existsSync(join(packageRoot(), 'dist', 'ingest', 'probe-process.js'));
let dir = '';
let media = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-corpus-parts-'));
  media = join(dir, 'videos');
  mkdirSync(media);
  for (let i = 0; i < 7; i++) await buildClip(join(media, `clip${i}.mp4`), 50 + i, { cuts: cutsAt });
  await buildClip(join(media, 'short.mp4'), 10);
  truncateFile(join(media, 'clip1.mp4'), join(media, 'broken.mp4'), 0.4);
  writeFileSync(join(media, 'text.mp4'), 'no video');
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (corpus: string, part?: { index: number; count: number }, stop?: AbortSignal) =>
  runJob(
    ingest(
      {
        sources: [media],
        corpus: join(dir, corpus),
        config: ingestConfig.parse({ minSeconds: 1 }),
        decoder: 'libav',
        workers: 2,
        seed: 1,
        now: () => new Date(0),
        ...(part ? { part } : {}),
      },
      stop,
    ),
  );

describe.skipIf(!built)('parts of a corpus (need npm run build)', () => {
  it.each([2, 5])('united from %i give the digest, copies and failures of one run', async (count) => {
    const whole = await run('whole');
    const parts = Array.from({ length: count }, (_, i) => join(dir, `part-${i + 1}-of-${count}`));
    for (const [i, part] of parts.entries()) await run(part.slice(dir.length + 1), { index: i, count });
    const united = await mergeCorpora({ dirs: parts, out: join(dir, `united-${count}`) });
    expect(united.digest).toBe(whole.digest);
    const [a, b] = [await readCorpus(join(dir, 'whole')), await readCorpus(join(dir, `united-${count}`))];
    expect(b.sources).toEqual(a.sources);
    const failures = (entries: typeof a.failures) => entries.map(({ path, code }) => [path, code]);
    expect(failures(b.failures)).toEqual(failures(a.failures));
    expect(a.failures.map(({ code }) => code).sort()).toEqual(['cannot-open', 'cannot-open', 'too-short']);
    // A part that is missing, or was stopped, is no small matter.
    const some = parts.slice(1);
    const out = join(dir, `some-${count}`);
    await expect(mergeCorpora({ dirs: some, out })).rejects.toMatchObject({
      code: 'missing-parts',
      context: { missing: [`1/${count}`] },
    });
    expect((await mergeCorpora({ dirs: some, out, allowMissing: true })).missing).toEqual([`1/${count}`]);
    const rest = await mergeCorpora({ dirs: [out, parts[0]!], out: join(dir, `rest-${count}`) });
    expect(rest).toMatchObject({ digest: whole.digest, missing: [] });
    const stopped = new AbortController();
    stopped.abort();
    expect(await run(`part-1-of-${count}`, { index: 0, count }, stopped.signal)).toMatchObject({ stopped: true });
    const unfinished = mergeCorpora({ dirs: parts, out: join(dir, `unfinished-${count}`) });
    await expect(unfinished).rejects.toThrow(new RegExp(`Not finished: .*part-1-of-${count}`));
    // What was united goes on as if it had been one run.
    const again = await run(`united-${count}`);
    expect(again).toMatchObject({ digest: whole.digest, counts: { done: 0 } });
  });
});
