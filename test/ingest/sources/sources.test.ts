import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { globExpression } from '../../../src/ingest/sources/files.js';
import { expandSources } from '../../../src/ingest/sources/index.js';
import { parseCsv } from '../../../src/ingest/sources/table.js';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-sources-'));
  for (const file of [
    'a.mp4',
    'b.AVI',
    'notes.txt',
    'sub/c.mkv',
    'sub/deep/d.mp4',
    'sub/cover.jpg',
    '.hidden/e.mp4',
    'we[i]rd.mp4',
  ]) {
    mkdirSync(join(dir, file, '..'), { recursive: true });
    writeFileSync(join(dir, file), file);
  }
  writeFileSync(join(dir, 'list.txt'), '# chosen\r\n\r\na.mp4\r\nsub/c.mkv\r\n');
  writeFileSync(join(dir, 'list.csv'), 'path,licence,origin\n"a.mp4","CC BY, 3.0",here\nsub/missing.mp4,,\n');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const expand = async (...sources: string[]) => {
  const { candidates, ...counts } = await expandSources(
    sources.map((source) => join(dir, source)),
    join(dir, 'corpus'),
  );
  return { paths: candidates.map(({ path }) => path.slice(dir.length + 1)), ...counts };
};

describe('expandSources', () => {
  it('takes videos of a folder at any depth and counts the rest as ignored', async () => {
    expect(await expand('')).toMatchObject({
      paths: ['a.mp4', 'b.AVI', 'sub/c.mkv', 'sub/deep/d.mp4', 'we[i]rd.mp4'],
      ignored: 4,
      absent: 0,
    });
  });

  it('takes a file whatever its name, and one that looks like a pattern literally', async () => {
    expect((await expand('sub/cover.jpg')).paths).toEqual(['sub/cover.jpg']);
    expect((await expand('we[i]rd.mp4')).paths).toEqual(['we[i]rd.mp4']);
  });

  it('takes what a pattern matches', async () => {
    expect((await expand('*.mp4')).paths).toEqual(['a.mp4', 'we[i]rd.mp4']);
    expect((await expand('**/*.{mp4,mkv}')).paths).toEqual(['a.mp4', 'sub/c.mkv', 'sub/deep/d.mp4', 'we[i]rd.mp4']);
    expect((await expand('[ab].*')).paths).toEqual(['a.mp4', 'b.AVI']);
    await expect(expand('*.mov')).rejects.toMatchObject({ code: 'source-missing' });
  });

  it('takes the lines of a list, and of a table its licence and origin', async () => {
    expect((await expand('list.txt')).paths).toEqual(['a.mp4', 'sub/c.mkv']);
    const { candidates } = await expandSources([join(dir, 'list.csv')], dir);
    expect(candidates.map(({ licence, origin }) => [licence, origin])).toEqual([
      ['CC BY, 3.0', 'here'],
      [null, null],
    ]);
  });

  it('takes a file once that several sources name', async () => {
    expect((await expand('a.mp4', 'list.txt', '*.mp4')).paths).toEqual(['a.mp4', 'sub/c.mkv', 'we[i]rd.mp4']);
  });

  it('names what is missing or unknown', async () => {
    await expect(expandSources([join(dir, 'nothing')], dir)).rejects.toMatchObject({ code: 'source-missing' });
    await expect(expandSources(['nonsense:/x'], dir)).rejects.toMatchObject({ code: 'unknown-source' });
    await expect(expandSources(['synthetic:one'], dir)).rejects.toMatchObject({ code: 'unknown-source' });
  });

  it('places generated videos below the corpus, with their benchmark entries', async () => {
    const { candidates } = await expandSources(['synthetic:3'], dir);
    expect(candidates.length).toBeGreaterThan(10);
    for (const { path, origin, benchmarks } of candidates) {
      expect(path.startsWith(join(dir, 'media', 'synthetic-3'))).toBe(true);
      expect(origin).toBe('synthetic:3');
      expect(benchmarks.synthetic).toHaveLength(1);
    }
    const roles = new Map(
      candidates.map(({ benchmarks }) => [benchmarks.synthetic![0]!.group, benchmarks.synthetic![0]!.roles[0]]),
    );
    for (const { benchmarks } of candidates)
      expect(benchmarks.synthetic![0]!.roles[0]).toBe(roles.get(benchmarks.synthetic![0]!.group));
  });
});

describe('globExpression', () => {
  it.each([
    ['/x/*.mp4', '/x/a.mp4', true],
    ['/x/*.mp4', '/x/y/a.mp4', false],
    ['/x/**/a.mp4', '/x/a.mp4', true],
    ['/x/**/a.mp4', '/x/y/z/a.mp4', true],
    ['/x/a?.mp4', '/x/a.mp4', false],
    ['/x/[!a].mp4', '/x/b.mp4', true],
    ['/x/[!a].mp4', '/x/a.mp4', false],
    ['/x/(1)+.mp4', '/x/(1)+.mp4', true],
  ])('%s on %s: %s', (glob, path, matches) => expect(globExpression(glob).test(path)).toBe(matches));
});

describe('parseCsv', () => {
  it('reads quotes, doubled quotes, commas and line ends inside cells', () => {
    expect(parseCsv('a,b\r\n"x ""y"", z","1\n2"\n,').records).toEqual([
      ['a', 'b'],
      ['x "y", z', '1\n2'],
      ['', ''],
    ]);
  });
});
