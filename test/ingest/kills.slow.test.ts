import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtModule, createRandom, runJob } from '../../src/core/index.js';
import { ingest, ingestConfig, readCorpus } from '../../src/ingest/index.js';
import { buildClip, cutsAt, truncateFile } from '../fixtures/clips.js';

let dir = '';
let media = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-kills-'));
  media = join(dir, 'videos');
  mkdirSync(media);
  for (let i = 0; i < 40; i++) await buildClip(join(media, `clip${i}.mp4`), 100 + i, { cuts: cutsAt });
  truncateFile(join(media, 'clip1.mp4'), join(media, 'broken.mp4'), 0.4);
}, 120_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('gives one digest after kill -9 at a hundred random moments', async () => {
  const options = (corpus: string) => ({
    sources: [media],
    corpus: join(dir, corpus),
    config: ingestConfig.parse({}),
    decoder: 'libav',
    workers: 2,
    seed: 1,
    now: () => new Date(0),
  });
  const { digest } = await runJob(ingest(options('whole')));
  const program = (corpus: string) => `
    const { ingest, ingestConfig } = await import(${JSON.stringify(builtModule('ingest/index'))});
    ingest({ ...${JSON.stringify({ ...options(corpus), config: null })}, config: ingestConfig.parse({}), now: () => new Date(0) })
      .subscribe(() => {});`;
  const random = createRandom('kills');
  let kills = 0;
  for (let round = 0; kills < 100; round++) {
    const corpus = `killed-${round}`;
    for (;;) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program(corpus)], { stdio: 'ignore' });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await Promise.race([ended, sleep(300 + random.int(1500))]);
      if (child.exitCode !== null) break;
      child.kill('SIGKILL');
      await ended;
      kills++;
    }
    expect((await readCorpus(join(dir, corpus))).digest).toBe(digest);
  }
}, 1_200_000);
