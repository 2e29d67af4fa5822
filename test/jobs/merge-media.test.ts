import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ingestConfig, writeCorpus, writeJournal } from '../../src/ingest/index.js';
import { mergeCorpora } from '../../src/jobs/merge-corpora.js';

const root = mkdtempSync(join(tmpdir(), 'reelmine-merge-media-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A corpus without a source that has one file of its own. */
function makeCorpus(name: string, content: Uint8Array): string {
  const dir = join(root, name);
  mkdirSync(join(dir, 'media', 'tar'), { recursive: true });
  writeFileSync(join(dir, 'media', 'tar', 'film.mp4'), content);
  writeJournal(dir, { settings: 'same', entries: [] });
  writeCorpus(dir, {
    toolVersion: '0',
    config: ingestConfig.parse({}),
    decoder: { name: 'libav', version: '1' },
    benchmarks: {},
    sources: [],
    duplicates: [],
  });
  return dir;
}

describe('media of corpora that are merged', () => {
  const film = Uint8Array.from({ length: 2_500_000 }, (_, i) => (i * 31) & 255);

  it('are taken once where both have the same file', async () => {
    const parts = [makeCorpus('a', film), makeCorpus('b', film)];
    await mergeCorpora({ dirs: parts, out: join(root, 'same') });
    expect(Buffer.compare(readFileSync(join(root, 'same', 'media', 'tar', 'film.mp4')), film)).toBe(0);
  });

  it.each([
    ['in its last byte', (bytes: Uint8Array) => bytes.fill(0, bytes.length - 1)],
    ['in its first byte', (bytes: Uint8Array) => bytes.fill(7, 0, 1)],
    ['in length', (bytes: Uint8Array) => bytes.subarray(0, -1)],
  ])('are refused where a file of one name differs %s', async (how, change) => {
    const other = change(film.slice());
    expect(Buffer.compare(other, film)).not.toBe(0);
    const parts = [makeCorpus(`one ${how}`, film), makeCorpus(`other ${how}`, other)];
    const out = join(root, `no ${how}`);
    await expect(mergeCorpora({ dirs: parts, out })).rejects.toThrow(/differs from another corpus's file/);
  });

  it('are left where they are when the stop comes while they are compared, and nothing is left behind', async () => {
    const parts = [makeCorpus('first', film), makeCorpus('second', film)];
    const before = readdirSync(root).sort();
    const controller = new AbortController();
    const merged = mergeCorpora({ dirs: parts, out: join(root, 'stopped'), signal: controller.signal });
    // Two turns of the event loop for each part's folder and file, and one for each MiB that is compared.
    const stopAfter = (turns: number): unknown =>
      turns === 0 ? controller.abort(new Error('stop')) : setImmediate(() => stopAfter(turns - 1));
    stopAfter(5);
    await expect(merged).rejects.toThrow('stop');
    expect(readdirSync(root).sort()).toEqual(before);
  });
});
