import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseHmdb51 } from '../../../src/ingest/index.js';
import { expandSources } from '../../../src/ingest/sources/index.js';
import { testData } from '../../fixtures/test-data.js';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'reelmine-hmdb-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const clip = (film: string, name: string, number = 0) => `${film}_${name}_f_cm_np1_ba_med_${number}.avi`;

function writeLists(
  lists: Readonly<Record<string, readonly string[]>>,
  { eol = '\n', last = eol, folder = 'splits' }: { eol?: string; last?: string; folder?: string } = {},
): void {
  mkdirSync(join(dir, folder), { recursive: true });
  for (const [name, lines] of Object.entries(lists))
    writeFileSync(join(dir, folder, `${name}.txt`), lines.join(eol) + last);
}

function writeClip(...path: string[]): void {
  mkdirSync(join(dir, ...path.slice(0, -1)), { recursive: true });
  writeFileSync(join(dir, ...path), 'clip');
}

describe('parseHmdb51', () => {
  it.each([
    ['\n', '\n'],
    ['\r\n', '\r\n'],
    [' \n', ''],
  ])('reads lists with line ends %j and last %j', async (eol, last) => {
    const lines = [`${clip('A', 'wave')} 1 `, `${clip('B', 'wave')} 2 `, `${clip('C', 'wave')} 0 `];
    writeLists(
      { wave_test_split1: lines, wave_test_split2: [`${clip('A', 'wave')} 2`], class_list: ['wave'] },
      { eol, last },
    );
    const { classNames, entries, absent } = await parseHmdb51(dir);
    expect(classNames).toEqual(['wave']);
    expect(entries.map(({ key, label, group, roles }) => [key, label, group, roles])).toEqual([
      ['wave/A_wave_f_cm_np1_ba_med_0', 0, 'wave:A', ['train', 'test']],
      ['wave/B_wave_f_cm_np1_ba_med_0', 0, 'wave:B', ['test', 'unused']],
      ['wave/C_wave_f_cm_np1_ba_med_0', 0, 'wave:C', ['unused', 'unused']],
    ]);
    expect(absent).toBe(3);
  });

  it('numbers classes by name, keeps the class of the list where a name holds two, and takes any character in a name', async () => {
    const film = "_(HQ)_#1_[a;b] & 'c'! +@~_wave_fight";
    writeLists({
      wave_test_split1: [`${clip(film, 'wave')} 1`],
      climb_stairs_test_split1: [`${clip('x_climb', 'climb_stairs')} 2`],
      climb_test_split1: [`${clip('x', 'climb')} 1`],
    });
    writeClip('videos', 'wave', clip(film, 'wave'));
    writeClip('climb', `hmdb51_${clip('x', 'climb')}`);
    writeClip('climb', clip('unlisted', 'climb'));
    const { classNames, entries, absent } = await parseHmdb51(dir);
    expect(classNames).toEqual(['climb', 'climb_stairs', 'wave']);
    expect(entries.map(({ group, path }) => [group, path])).toEqual([
      ['climb:x', `climb/hmdb51_${clip('x', 'climb')}`],
      ['climb_stairs:x_climb', `climb_stairs/${clip('x_climb', 'climb_stairs')}`],
      [`wave:${film}`, `videos/wave/${clip(film, 'wave')}`],
    ]);
    expect(absent).toBe(1);
    const expanded = await expandSources([`hmdb51:${dir}`], join(dir, 'corpus'));
    expect(expanded).toMatchObject({ ignored: 1, absent: 1, benchmarks: { hmdb51: { listed: 3 } } });
    expect(expanded.candidates.map(({ benchmarks }) => benchmarks['hmdb51']![0]!.label)).toEqual([0, 2]);
  });

  it.each([
    ['an unknown code', [`${clip('A', 'wave')} 3`], /line 1: code 3 is not 0, 1 or 2/],
    ['a line without a code', [clip('A', 'wave')], /expected <file>/],
    ['a file named twice', [`${clip('A', 'wave')} 1`, `${clip('A', 'wave')} 1`], /line 2: .* is named twice/],
    ['a file of another class', [`${clip('A', 'run')} 1`], /does not say that it is of class wave/],
    ['a path', [`x/${clip('A', 'wave')} 1`], /no name of a file/],
    ['a film in training and test', [`${clip('A', 'wave')} 1`, `${clip('A', 'wave', 1)} 2`], /group wave:A is in both/],
  ] as const)('refuses %s', async (_what, lines, message) => {
    writeLists({ wave_test_split1: lines });
    await expect(parseHmdb51(dir)).rejects.toMatchObject({
      code: 'bad-list',
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('refuses a folder without lists, and a class that lacks a split', async () => {
    await expect(parseHmdb51(dir)).rejects.toMatchObject({ code: 'source-missing' });
    writeLists({ wave_test_split1: [], wave_test_split2: [], run_test_split1: [] });
    await expect(parseHmdb51(dir)).rejects.toThrow(/of every class/);
  });
});

const data = testData();
describe.skipIf(data === null)('the published lists of HMDB51 (need the shared test data)', () => {
  it('have the published counts', async () => {
    const { classNames, entries, absent } = await parseHmdb51(join(data!, 'hmdb51'));
    const count = (split: number, role: string) => entries.filter(({ roles }) => roles[split] === role).length;
    expect(classNames).toHaveLength(51);
    expect(entries).toHaveLength(6766);
    for (const split of [0, 1, 2])
      expect([count(split, 'train'), count(split, 'test'), count(split, 'unused')]).toEqual([3570, 1530, 1666]);
    for (const [label] of classNames.entries()) {
      const own = entries.filter((entry) => entry.label === label);
      expect(own.filter(({ roles }) => roles[0] === 'train')).toHaveLength(70);
      expect(own.filter(({ roles }) => roles[0] === 'test')).toHaveLength(30);
    }
    const tested = entries.map(({ roles }) => roles.filter((role) => role === 'test').length);
    expect(tested.filter((times) => times > 0)).toHaveLength(4243);
    expect(tested.filter((times) => times > 1)).toHaveLength(309);
    expect(6766 - absent).toBe(6);
  });

  it('label the clips that are here', async () => {
    const { candidates, ignored } = await expandSources([`hmdb51:${join(data!, 'hmdb51')}`], '/nowhere');
    expect(ignored).toBe(0);
    const found = candidates.map(({ path, benchmarks }) => [
      path.split('/').at(-2),
      benchmarks['hmdb51']![0]!.className,
    ]);
    expect(found.map(([folder]) => folder)).toEqual(['cartwheel', 'climb', 'punch', 'shoot_bow', 'wave', 'wave']);
    for (const [folder, className] of found) expect(className).toBe(folder);
  });
});
