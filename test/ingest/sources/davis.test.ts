import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { listDavis } from '../../../src/ingest/index.js';
import { expandSources } from '../../../src/ingest/sources/index.js';

const dir = mkdtempSync(join(tmpdir(), 'reelmine-davis-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function layOut(root: string, names: readonly string[], lists: Readonly<Record<string, string>> = {}): string {
  for (const name of names) {
    for (const part of ['JPEGImages/480p', 'Annotations/480p']) {
      mkdirSync(join(root, part, name), { recursive: true });
      writeFileSync(join(root, part, name, `00000.${part.startsWith('J') ? 'jpg' : 'png'}`), '');
    }
  }
  for (const [file, text] of Object.entries(lists)) {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

describe('davis:DIR', () => {
  it('is one video at 24 frames a second for each sequence, all for testing where there are no lists', async () => {
    const root = layOut(join(dir, 'plain'), ['bear', 'camel']);
    const { candidates, absent, benchmarks } = await expandSources([`davis:${root}`], join(dir, 'corpus'));
    expect(candidates.map(({ key, rate }) => [key, rate])).toEqual([
      ['davis/bear', [24, 1]],
      ['davis/camel', [24, 1]],
    ]);
    expect(candidates[0]!.benchmarks['davis']![0]).toMatchObject({ group: 'bear', roles: ['test'] });
    expect({ absent, benchmarks }).toEqual({ absent: 0, benchmarks: { davis: { classNames: ['object'], listed: 2 } } });
  });

  it('follows the lists of 2016 and of 2017, and counts what they name and is not there', () => {
    const of2016 = layOut(join(dir, '2016', 'DAVIS'), ['bear', 'camel', 'extra'], {
      'ImageSets/480p/train.txt': '/JPEGImages/480p/bear/00000.jpg /Annotations/480p/bear/00000.png\n',
      'ImageSets/480p/val.txt':
        '/JPEGImages/480p/camel/00000.jpg /Annotations/480p/camel/00000.png\n/JPEGImages/480p/cows/00000.jpg x\n',
    });
    const found = listDavis(join(of2016, '..')); // one folder down
    expect(found.sequences.map(({ name, role }) => [name, role])).toEqual([
      ['bear', 'train'],
      ['camel', 'test'],
    ]);
    expect(found.absent).toBe(1);
    const of2017 = layOut(join(dir, '2017'), ['bear', 'camel'], { 'ImageSets/2017/val.txt': 'bear\n' });
    expect(listDavis(of2017).sequences.map(({ name, role }) => [name, role])).toEqual([['bear', 'test']]);
  });

  it('takes some of the sequences, and refuses what is none', () => {
    const root = layOut(join(dir, 'some'), ['a', 'b', 'c']);
    const names = (text: string) => listDavis(text).sequences.map(({ name }) => name);
    expect(names(`${root}?only=a,c`)).toEqual(['a', 'c']);
    expect(names(`${root}?except=a`)).toEqual(['b', 'c']);
    expect(() => names(`${root}?only=z`)).toThrow(/no sequence "z"/);
    expect(() => names(`${root}?onyl=a`)).toThrow(/onyl/);
    expect(() => names(join(dir, 'nowhere'))).toThrow(/no folder/);
    mkdirSync(join(dir, 'empty'));
    expect(() => names(join(dir, 'empty'))).toThrow(/no sequences of DAVIS/);
  });
});

describe('synthetic:KIND@SEED', () => {
  it('is a set of its own beside the demo’s, and a kind that is none is refused', async () => {
    const movers = await expandSources(['synthetic:movers@3'], join(dir, 'corpus'));
    expect(movers.candidates.length).toBe(24);
    expect(movers.candidates[0]).toMatchObject({
      key: 'synthetic-movers-3/no-mover_g01',
      origin: 'synthetic:movers@3',
      synthetic: { kind: 'movers', seed: 3, name: 'no-mover_g01' },
    });
    expect(Object.keys(movers.benchmarks ?? {})).toEqual(['synthetic-movers']);
    const demo = await expandSources(['synthetic:3'], join(dir, 'corpus'));
    expect(demo.candidates[0]).toMatchObject({ origin: 'synthetic:3', synthetic: { kind: 'motion' } });
    await expect(expandSources(['synthetic:nothing@3'], dir)).rejects.toThrow(/no generated set "nothing"/);
    await expect(expandSources(['synthetic:movers@x'], dir)).rejects.toThrow(/whole number, got "x"/);
  });
});
