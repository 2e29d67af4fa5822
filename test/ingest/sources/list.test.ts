import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeDescription } from '../../../src/ingest/sources/described.js';
import { expandSources } from '../../../src/ingest/sources/index.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-lists-'));
  mkdirSync(join(dir, 'sub'));
  for (const name of ['a.mp4', 'sub/b.mp4']) writeFileSync(join(dir, name), name);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const expand = (name: string, content: string | Uint8Array, corpus = 'corpus') => {
  writeFileSync(join(dir, name), content);
  return expandSources([join(dir, name)], join(dir, corpus));
};
/** What a list comes to, without places of this machine. */
const shape = ({ candidates }: Awaited<ReturnType<typeof expand>>) =>
  candidates
    .map(({ key, licence, origin, metadata, described, fetch }) => {
      const description = described?.description;
      const span = description?.kind === 'clip' ? [description.startSeconds, description.endSeconds] : null;
      return { key, licence, origin, metadata, span, url: fetch?.url };
    })
    .sort((a, b) => (a.key < b.key ? -1 : 1));

const rows = [
  { path: 'a.mp4', start: 1.5, end: 4, label: 'x', count: 3 },
  { path: 'a.mp4', start: 4, licence: 'CC0' },
  { url: 'https://host/v.mp4', origin: 'there' },
];
const expected = [
  {
    key: 'a.mp4#t=1.5,4',
    licence: null,
    origin: null,
    metadata: { label: 'x', count: 3 },
    span: [1.5, 4],
    url: undefined,
  },
  { key: 'a.mp4#t=4,', licence: 'CC0', origin: null, metadata: undefined, span: [4, null], url: undefined },
  {
    key: 'https://host/v.mp4',
    licence: null,
    origin: 'there',
    metadata: undefined,
    span: null,
    url: 'https://host/v.mp4',
  },
];

describe('lists', () => {
  it('say the same as JSON lines, Parquet and comma-separated text', async () => {
    const json = await expand('l.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    expect(shape(json)).toEqual(expected);
    const column = (name: string) => rows.map((row) => (row as Record<string, unknown>)[name] ?? null);
    const columnData = [
      ...['path', 'url', 'label', 'licence', 'origin'].map((name) => ({
        name,
        data: column(name),
        type: 'STRING' as const,
      })),
      ...['start', 'end'].map((name) => ({ name, data: column(name), type: 'DOUBLE' as const })),
      { name: 'count', data: [3n, null, null], type: 'INT64' as const },
    ];
    const parquet = await expand('l.parquet', new Uint8Array(parquetWriteBuffer({ columnData })));
    expect(shape(parquet)).toEqual(expected);
    const csv = await expand(
      'l.csv',
      'path,url,start,end,licence,origin,label,count\na.mp4,,1.5,4,,,x,3\na.mp4,,4,,CC0,,,\n,https://host/v.mp4,,,,there,,\n',
    );
    expect(shape(csv)).toEqual(
      expected.map((row, i) => (i === 0 ? { ...row, metadata: { label: 'x', count: '3' } } : row)),
    );
    expect(csv.candidates.map(({ path }) => path)).toEqual(json.candidates.map(({ path }) => path));
  });

  it('take lines of text that are addresses, and nothing else that only looks like one', async () => {
    const { candidates, failures } = await expand('l.txt', 'a.mp4\nhttps://host/x\nfile:///etc/passwd\nconcat:a|b\n');
    expect(candidates.map(({ key, fetch }) => [key, fetch?.url])).toEqual(
      expect.arrayContaining([
        ['a.mp4', undefined],
        ['concat:a|b', undefined],
        ['https://host/x', 'https://host/x'],
      ]),
    );
    expect(failures).toMatchObject([{ code: 'bad-list-line', path: `${join(dir, 'l.txt')}, line 3` }]);
  });

  it('read the lists of Kinetics and AudioSet as they are', async () => {
    const kinetics = await expand('k.csv', 'label,youtube_id,time_start,time_end,split\n"a, b",-x_1,3,13,train\n');
    expect(shape(kinetics)).toMatchObject([
      {
        key: 'https://www.youtube.com/watch?v=-x_1#t=3,13',
        metadata: { label: 'a, b', split: 'train' },
        span: [3, 13],
        url: 'https://www.youtube.com/watch?v=-x_1',
      },
    ]);
    const head =
      '# Segments csv created on a day\n# num_ytids=1, num_segs=2\n# YTID, start_seconds, end_seconds, positive_labels\n';
    const audioSet = await expand(
      's.csv',
      `${head}--4gq, 30.000, 40.000, "/m/09x0r,/t/dd0"\n--4gq, 50.000, 60.000, "/m/1"\n`,
    );
    expect(shape(audioSet)).toMatchObject([
      { span: [30, 40], metadata: { positive_labels: '/m/09x0r,/t/dd0' } },
      { span: [50, 60], metadata: { positive_labels: '/m/1' } },
    ]);
    const files = new Set(audioSet.candidates.map(({ fetch }) => fetch!.file));
    expect(files.size).toBe(1);
  });

  it('name the lines that cannot be used, and go on', async () => {
    const { candidates, failures } = await expand(
      'l.jsonl',
      [
        '{"path":"a.mp4"}',
        'broken',
        '[1]',
        '{"label":"x"}',
        '{"path":"a.mp4","start":5,"end":5}',
        '{"path":"a.mp4","start":"soon"}',
        '{"path":"a.mp4","start":-1}',
        '{"url":"ftp://host/a.mp4"}',
        '',
      ].join('\n'),
    );
    expect(candidates).toHaveLength(1);
    expect(failures!.map(({ path }) => Number(/line (\d+)$/.exec(path)![1]))).toEqual([2, 3, 4, 5, 6, 7, 8]);
    for (const { code } of failures!) expect(code).toBe('bad-list-line');
  });

  it('name a line whose quotation mark is not closed, which may have taken all others', async () => {
    const { candidates, failures } = await expand('l.csv', 'path,label\na.mp4,x\nsub/b.mp4,"y\nsub/c.mp4,z\n');
    expect(candidates.map(({ key }) => key)).toEqual(['a.mp4']);
    expect(failures).toMatchObject([{ code: 'bad-list-line', path: `${join(dir, 'l.csv')}, line 3` }]);
  });

  it('refuse a list that says nowhere where its videos are, and Parquet that is none', async () => {
    await expect(expand('l.csv', 'file,start\na.mp4,1\n')).rejects.toMatchObject({ code: 'bad-list' });
    await expect(expand('l.parquet', 'PAR1 nothing')).rejects.toMatchObject({ code: 'bad-list' });
  });

  it('name stretches alike wherever the list lies, and tell files of one name apart', async () => {
    const text = 'path,start,end\na.mp4,1,2\n';
    const first = await expand('l.csv', text);
    writeFileSync(join(dir, 'sub', 'a.mp4'), 'other');
    writeFileSync(join(dir, 'sub', 'l.csv'), text);
    const lists = [join(dir, 'l.csv'), join(dir, 'sub', 'l.csv')];
    const second = await expandSources([lists[1]!], join(dir, 'corpus'));
    expect(second.candidates[0]!.path).toBe(first.candidates[0]!.path);
    const both = await expandSources(lists, join(dir, 'corpus'));
    expect(new Set(both.candidates.map(({ path }) => path)).size).toBe(2);
    writeDescription(first.candidates[0]!.described!, first.candidates[0]!.path);
    const later = await expandSources([lists[1]!], join(dir, 'corpus'));
    expect(later.candidates[0]!.path).not.toBe(first.candidates[0]!.path);
    expect(both.candidates.map(({ path }) => path)).toContain(later.candidates[0]!.path);
    rmSync(join(dir, 'a.mp4'));
    const moved = await expandSources([lists[1]!], join(dir, 'corpus'));
    expect(moved.candidates[0]!.path).toBe(first.candidates[0]!.path);
  });
});
