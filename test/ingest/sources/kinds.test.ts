import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/index.js';
import { expandSources } from '../../../src/ingest/sources/index.js';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'reelmine-kinds-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(path: string, content = path): string {
  const file = join(dir, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}
const expand = (...sources: string[]) => expandSources(sources, join(dir, 'corpus'));

/** A tar archive of members whose content is their own. */
async function tarOf(members: readonly (readonly [name: string, content: string, type?: 'symlink' | 'link'])[]) {
  const out = pack();
  for (const [name, content, type] of members)
    out.entry(type ? { name, type, linkname: content } : { name }, type ? '' : content);
  out.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of out as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('a tar of videos', () => {
  const hostile = [
    ['../../escape.mp4', 'one'],
    ['/abs/olute.mp4', 'two'],
    ['-rf.mp4', 'three'],
    ['a\nb %d "q".mkv', 'four'],
    ['same/again.mp4', 'one'],
    ['link.mp4', '/etc/passwd', 'symlink'],
    ['hard.mp4', '../../escape.mp4', 'link'],
    ['notes.txt', 'text'],
    ['.hidden.mp4', 'x'],
  ] as const;

  it.each(['v.tar', 'v.tar.gz', 'v.tgz'])(
    'gives its videos by content, whatever its members are called: %s',
    async (name) => {
      const bytes = await tarOf(hostile);
      writeFileSync(join(dir, name), name.endsWith('gz') ? gzipSync(bytes) : bytes);
      const { candidates, ignored } = await expand(join(dir, name));
      expect(candidates.map(({ path }) => readFileSync(path, 'utf8')).sort()).toEqual(['four', 'one', 'three', 'two']);
      for (const { path } of candidates) expect(dirname(path)).toBe(join(dir, 'corpus', 'media', 'tar'));
      expect(candidates.map(({ key }) => key)).toContain(`${name}/../../escape.mp4`);
      expect(ignored).toBe(4);
      expect(existsSync(join(dir, '..', 'escape.mp4'))).toBe(false);
      expect(readdirSync(dir).sort()).toEqual(['corpus', name].sort());
    },
  );

  it('is read again only if it has changed', async () => {
    const file = join(dir, 'v.tar');
    writeFileSync(file, await tarOf([['a.mp4', 'one']]));
    const [first] = (await expand(file)).candidates;
    const before = statSync(first!.path).mtimeMs;
    utimesSync(first!.path, 1, 1);
    expect(statSync((await expand(file)).candidates[0]!.path).mtimeMs).toBe(1000);
    expect(before).toBeGreaterThan(1000);
    rmSync(first!.path);
    expect(existsSync((await expand(file)).candidates[0]!.path)).toBe(true);
    writeFileSync(file, await tarOf([['a.mp4', 'other']]));
    expect(readFileSync((await expand(file)).candidates[0]!.path, 'utf8')).toBe('other');
  });

  it('is unpacked no further than a plan needs, by the hashes of names', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `${i}.mp4`);
    for (const name of ['a.tar', 'b.tar'])
      writeFileSync(join(dir, name), await tarOf(names.map((each, i) => [each, 'x'.repeat(i + 1)])));
    const sources = [join(dir, 'a.tar'), join(dir, 'b.tar')];
    const plan = await expandSources(sources, join(dir, 'scratch'), { mostUnpacked: 5 });
    expect(plan.candidates).toHaveLength(75); // the five that are unpacked hold the same in both
    const lowest = names.toSorted((a, b) => (sha256(a) < sha256(b) ? -1 : 1)).slice(0, 5);
    const there = plan.candidates.filter(({ packedBytes }) => packedBytes === undefined);
    expect(there.map(({ key }) => key.split('/')[1]).sort()).toEqual(lowest.sort());
    for (const { path } of there) expect(existsSync(path)).toBe(true);
    expect(readdirSync(join(dir, 'scratch', 'media', 'tar'))).toHaveLength(5);
    for (const { key, packedBytes } of plan.candidates)
      if (packedBytes !== undefined) expect(packedBytes).toBe(Number(key.split('/')[1]!.split('.')[0]) + 1);
    // What was left packed is not taken for the whole later.
    expect((await expandSources(sources, join(dir, 'scratch'))).candidates).toHaveLength(40);
  });

  it('is refused where it is damaged', async () => {
    writeFileSync(join(dir, 'v.tar'), (await tarOf([['a.mp4', 'x'.repeat(5000)]])).subarray(0, 2000));
    await expect(expand(join(dir, 'v.tar'))).rejects.toMatchObject({ code: 'bad-list' });
    writeFileSync(join(dir, 'v.tgz'), 'no gzip');
    await expect(expand(join(dir, 'v.tgz'))).rejects.toMatchObject({ code: 'bad-list' });
  });

  it('is read as tar itself writes it', async () => {
    write('in/a b.mp4');
    execFileSync('tar', ['-cf', join(dir, 'v.tar'), '-C', dir, 'in']);
    expect((await expand(join(dir, 'v.tar'))).candidates.map(({ key }) => key)).toEqual(['v.tar/in/a b.mp4']);
  });
});

describe('a folder that yt-dlp has filled', () => {
  it('gives licence, origin and facts from info files, and leaves out what is not finished', async () => {
    const info = {
      id: 'abcdefghijk',
      extractor: 'youtube',
      title: 'A [odd] title',
      license: 'Creative Commons Attribution license (reuse allowed)',
      webpage_url: 'https://www.youtube.com/watch?v=abcdefghijk',
      formats: [{ url: 'https://expires' }],
    };
    write('v/A [odd] title [abcdefghijk].mp4');
    write('v/A [odd] title [abcdefghijk].info.json', JSON.stringify(info));
    write('v/A [odd] title [abcdefghijk].temp.mp4');
    write('v/A [odd] title [abcdefghijk].f137.mp4');
    write('v/A [odd] title [abcdefghijk].mp4.part');
    write('v/B [0123456789_].f399.mp4');
    write('v/sub/C [vimeo-id].mkv');
    write('v/sub/D [ZZZZZZZZZZZ].webm');
    write('v/E [1080p].mp4');
    write('v/broken.mp4');
    write('v/broken.info.json', '{"id": "x", "lic');
    write('v/archive.txt', 'youtube 0123456789_\nvimeo vimeo-id\n');
    const { candidates, ignored } = await expand(join(dir, 'v'));
    const facts = candidates.map(({ key, licence, origin, metadata }) => [key, licence, origin, metadata]);
    expect(facts).toEqual([
      [
        'A [odd] title [abcdefghijk].mp4',
        info.license,
        info.webpage_url,
        { id: info.id, extractor: 'youtube', title: info.title },
      ],
      [
        'B [0123456789_].f399.mp4',
        null,
        'https://www.youtube.com/watch?v=0123456789_',
        { id: '0123456789_', extractor: 'youtube' },
      ],
      ['E [1080p].mp4', null, null, undefined],
      ['broken.mp4', null, null, undefined],
      ['sub/C [vimeo-id].mkv', null, null, { id: 'vimeo-id', extractor: 'vimeo' }],
      ['sub/D [ZZZZZZZZZZZ].webm', null, null, { id: 'ZZZZZZZZZZZ' }],
    ]);
    expect(ignored).toBe(6);
    const alone = await expand(join(dir, 'v', 'A [odd] title [abcdefghijk].mp4'));
    expect(alone.candidates[0]).toMatchObject({ licence: info.license });
  });
});

describe('pairs:LEFT,RIGHT', () => {
  it('takes two files, two folders of pictures, or two folders of videos of the same names', async () => {
    const [left, right] = [write('l/a.mp4'), write('r/a.mp4')];
    write('l/sub/b.mkv');
    write('r/sub/b.mp4');
    write('r/lonely.mp4');
    for (const eye of ['pl', 'pr']) write(`${eye}/000001.png`);
    const files = await expand(`pairs:${left},${right}`);
    expect(files.candidates[0]!.described!.description).toMatchObject({ kind: 'pair', left, right });
    const folders = await expand(`pairs:${join(dir, 'l')},${join(dir, 'r')}`);
    expect(folders).toMatchObject({ absent: 1, warnings: [expect.stringMatching(/1 videos have no fellow/)] });
    expect(folders.candidates.map(({ key }) => key).sort()).toEqual(['pairs/a', 'pairs/sub/b']);
    const series = await expand(`pairs:${join(dir, 'pl')},${join(dir, 'pr')}?fps=12.5`);
    expect(series.candidates[0]!.described!.description).toMatchObject({ rate: [25, 2] });
  });

  it('tells pairs of the same names in other folders apart', async () => {
    const [a, b] = ['a', 'b'].map((set) => `pairs:${write(`${set}/l/1.mp4`)},${write(`${set}/r/1.mp4`)}`);
    const { candidates } = await expand(a!, b!);
    expect(candidates.map(({ given }) => given).sort()).toEqual([a, b]);
    expect((await expand(a!)).candidates[0]!.path).toBe((await expand(b!)).candidates[0]!.path);
  });

  it('allows commas in names, and says what is missing or unlike', async () => {
    const [left, right] = [write('a,b.mp4'), write('c,d.mp4')];
    const { candidates } = await expand(`pairs:${left},${right}`);
    expect(candidates[0]!.described!.description).toMatchObject({ left, right });
    await expect(expand(`pairs:${join(dir, 'only.mp4')}`)).rejects.toMatchObject({ code: 'unknown-source' });
    await expect(expand(`pairs:${left},${join(dir, 'no.mp4')}`)).rejects.toThrow(/no\.mp4 does not exist/);
    await expect(expand(`pairs:${left},${dir}`)).rejects.toThrow(/is a file, .* is a folder/);
  });
});

describe('voc:DIR', () => {
  const classes =
    'aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep sofa train tvmonitor';
  /** Official lists in which a picture holds what is said of it; every other class is absent. */
  function writeVoc(sets: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>): void {
    for (const [set, pictures] of Object.entries(sets))
      for (const name of classes.split(' '))
        write(
          `VOCdevkit/VOC2007/ImageSets/Main/${name}_${set}.txt`,
          Object.entries(pictures)
            .map(([id, codes]) => `${id} ${(codes[name] ?? '-1').padStart(2)}\r\n`)
            .join(''),
        );
    for (const id of ['000001', '000002', '000009']) write(`VOCdevkit/VOC2007/JPEGImages/${id}.jpg`);
  }

  it('gives each listed picture its classes, and marks difficult ones as ignored', async () => {
    writeVoc({
      train: { '000001': { dog: '1', person: '0' } },
      val: { '000002': { person: '1' } },
      test: { '000003': { car: '1' } },
    });
    const { candidates, ignored, absent, benchmarks } = await expand(`voc:${dir}`);
    expect([ignored, absent, benchmarks!['voc']!.listed]).toEqual([1, 1, 3]);
    // pictures, also the one that is not here: split 2 judges on val
    expect(benchmarks!['voc']!.splits).toEqual([
      { train: 2, test: 1 },
      { train: 1, test: 1 },
    ]);
    expect(
      candidates.map(({ key, benchmarks: { voc } }) => [
        key,
        voc!.map(({ label, roles, ignored }) => [label, roles, ignored === true]),
      ]),
    ).toEqual([
      [
        'voc/000001',
        [
          [11, ['train', 'train'], false],
          [14, ['train', 'train'], true],
        ],
      ],
      ['voc/000002', [[14, ['train', 'test'], false]]],
    ]);
  });

  it('reads the other coding where it is asked for, and refuses lists that look as if coded the other way', async () => {
    const swap = (codes: Readonly<Record<string, string>>) =>
      Object.fromEntries(
        classes.split(' ').map((name) => [name, { '1': '1', '0': '-1', '-1': '0' }[codes[name] ?? '-1']!]),
      );
    const official = { train: { '000001': { dog: '1', person: '0' } }, test: { '000002': { car: '1' } } };
    const fair = {
      train: { '000001': swap(official.train['000001']) },
      test: { '000002': swap(official.test['000002']) },
    };
    writeVoc({ ...official, val: {} });
    const first = await expand(`voc:${dir}`);
    await expect(expand(`voc:${dir}?coding=fair`)).rejects.toThrow(/coded the other way/);
    writeVoc({ ...fair, val: {} });
    expect(await expand(`voc:${dir}?coding=fair`)).toEqual(first);
    await expect(expand(`voc:${dir}`)).rejects.toThrow(/coded the other way, which voc:DIR\?coding=fair reads/);
    await expect(expand(`voc:${dir}?coding=vissl`)).rejects.toThrow(/official or fair/);
  });

  it('refuses other codes, pictures in two sets, and folders of another layout', async () => {
    writeVoc({ train: { '000001': { dog: '2' } } });
    await expect(expand(`voc:${dir}`)).rejects.toMatchObject({ code: 'bad-list' });
    writeVoc({ train: { '000001': { dog: '1' } }, val: { '000001': { dog: '1' } } });
    await expect(expand(`voc:${dir}`)).rejects.toThrow(/named twice, or in two sets/);
    await expect(expand(`voc:${join(dir, 'VOCdevkit', 'VOC2007', 'JPEGImages')}`)).rejects.toMatchObject({
      code: 'source-missing',
    });
  });
});
