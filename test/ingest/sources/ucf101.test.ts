import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseUcf101 } from '../../../src/ingest/index.js';
import { expandUcf101 } from '../../../src/ingest/sources/ucf101.js';
import { testData } from '../../fixtures/test-data.js';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'reelmine-ucf-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const train = ['Archery/v_Archery_g08_c01.avi 1', 'HandstandPushups/v_HandStandPushups_g08_c01.avi 2'];
const test = ['Archery/v_Archery_g01_c01.avi', 'HandstandPushups/v_HandStandPushups_g01_c01.avi'];

function writeLists(
  options: { train?: readonly string[]; test?: readonly string[]; eol?: string; last?: string; folder?: string } = {},
): void {
  const { eol = '\r\n', last = eol, folder = 'ucfTrainTestlist' } = options;
  mkdirSync(join(dir, folder), { recursive: true });
  const write = (name: string, lines: readonly string[]) =>
    writeFileSync(join(dir, folder, name), lines.join(eol) + last);
  write('classInd.txt', ['1 Archery', '2 HandstandPushups']);
  write('trainlist01.txt', options.train ?? train);
  write('testlist01.txt', options.test ?? test);
}

function writeClip(...path: string[]): void {
  mkdirSync(join(dir, ...path.slice(0, -1)), { recursive: true });
  writeFileSync(join(dir, ...path), 'clip');
}

describe('parseUcf101', () => {
  it.each([
    ['\r\n', '\r\n'],
    ['\n', '\n'],
    [' \n', ''],
  ])('reads lists with line ends %j and last %j', async (eol, last) => {
    writeLists({ eol, last });
    const { classNames, entries, absent } = await parseUcf101(dir);
    expect(classNames).toEqual(['Archery', 'HandstandPushups']);
    expect(entries.map(({ key, label, group, roles }) => [key, label, group, roles[0]])).toEqual([
      ['Archery/v_Archery_g01_c01', 0, 'Archery:g01', 'test'],
      ['Archery/v_Archery_g08_c01', 0, 'Archery:g08', 'train'],
      ['HandstandPushups/v_HandStandPushups_g01_c01', 1, 'HandstandPushups:g01', 'test'],
      ['HandstandPushups/v_HandStandPushups_g08_c01', 1, 'HandstandPushups:g08', 'train'],
    ]);
    expect(absent).toBe(4);
  });

  it('finds lists in the folder itself, clips one folder down, and clips whose names differ in case', async () => {
    writeLists({ folder: '.' });
    writeClip('videos', 'Archery', 'v_Archery_g08_c01.avi');
    writeClip('more', 'HandStandPushups', 'v_HandstandPushups_g01_c01.avi');
    writeClip('videos', 'Archery', 'v_Archery_g30_c01.avi');
    const { entries, absent } = await parseUcf101(dir);
    expect(absent).toBe(2);
    expect(entries.map(({ path }) => path)).toContain('videos/Archery/v_Archery_g08_c01.avi');
    const expanded = await expandUcf101(dir);
    expect(expanded).toMatchObject({ ignored: 1, absent: 2 });
    expect(expanded.candidates.map(({ path }) => path.slice(dir.length + 1)).sort()).toEqual([
      'more/HandStandPushups/v_HandstandPushups_g01_c01.avi',
      'videos/Archery/v_Archery_g08_c01.avi',
    ]);
  });

  it.each([
    ['label 0', { train: ['Archery/v_Archery_g08_c01.avi 0'] }, /label 0 is not from 1 to 2/],
    ['a label beyond the classes', { train: ['Archery/v_Archery_g08_c01.avi 3'] }, /label 3 is not from 1 to 2/],
    ['another class’s label', { train: ['Archery/v_Archery_g08_c01.avi 2'] }, /label 2 is not that of folder Archery/],
    ['no label in training', { train: ['Archery/v_Archery_g08_c01.avi'] }, /gives a label/],
    ['an unknown class folder', { test: ['Archey/v_Archery_g01_c01.avi'] }, /Archey is not a class/],
    ['a path named twice', { train: [...train, train[0]!] }, /line 3: .* is named twice/],
    ['a video in training and test', { test: [...test, 'Archery/v_Archery_g08_c01.avi'] }, /in both training and test/],
    [
      'a group in training and test',
      { test: [...test, 'Archery/v_Archery_g08_c02.avi'] },
      /group Archery:g08 is in both/,
    ],
    ['a name without a group', { test: ['Archery/v_Archery.avi'] }, /names no group/],
  ] as const)('refuses %s', async (_what, lists, message) => {
    writeLists(lists);
    await expect(parseUcf101(dir)).rejects.toMatchObject({
      code: 'bad-list',
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('refuses classes out of order, and a folder without lists', async () => {
    await expect(parseUcf101(dir)).rejects.toMatchObject({ code: 'source-missing' });
    writeLists();
    writeFileSync(join(dir, 'ucfTrainTestlist', 'classInd.txt'), '1 Archery\n3 HandstandPushups\n');
    await expect(parseUcf101(dir)).rejects.toThrow(/line 2: expected "2 <class>"/);
  });
});

const data = testData();
describe.skipIf(data === null)('the published lists (needs the shared test data)', () => {
  it('have the published counts', async () => {
    const { classNames, entries, absent } = await parseUcf101(join(data!, 'ucf101'));
    const count = (split: number, role: string) => entries.filter(({ roles }) => roles[split] === role).length;
    expect(classNames).toHaveLength(101);
    expect(entries).toHaveLength(13_320);
    expect([0, 1, 2].map((split) => [count(split, 'train'), count(split, 'test')])).toEqual([
      [9537, 3783],
      [9586, 3734],
      [9624, 3696],
    ]);
    expect(entries.filter(({ roles }) => roles.includes('test'))).toHaveLength(11_213);
    expect(new Set(entries.filter(({ roles }) => roles[0] === 'test').map(({ group }) => group)).size).toBe(707);
    expect(entries.filter(({ key, roles }) => /v_HandStandPushups/.test(key) && roles[0] === 'test')).toHaveLength(28);
    expect(13_320 - absent).toBe(115);
  });
});
