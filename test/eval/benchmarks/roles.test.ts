import { describe, expect, it } from 'vitest';
import type { BenchmarkEntry, VideoSource } from '../../../src/core/index.js';
import { splitSources } from '../../../src/eval/index.js';
import { makeData, type MadeVideo } from '../videos.js';

const video = (name: string, group: string, role: 'train' | 'test'): MadeVideo => ({
  name,
  label: 0,
  group,
  role,
  picture: () => new Uint8Array(0),
});

describe('splitSources', () => {
  it('gives both lists in key order and leaves out sources of other benchmarks', () => {
    const { sources } = makeData([video('d', 'g1', 'train'), video('b', 'g2', 'test'), video('a', 'g1', 'train')]);
    const other: VideoSource = { ...sources[0]!, id: 'x', benchmarks: { other: sources[0]!.benchmarks['made']! } };
    const { train, test } = splitSources({ benchmark: 'made', sources: [...sources, other] }, 1);
    expect(train.map(({ source }) => source.id)).toEqual(['a', 'd']);
    expect(test.map(({ source }) => source.id)).toEqual(['b']);
  });

  it('reads the role of the split that is asked for, and leaves out what it does not use', () => {
    const { sources } = makeData([video('a', 'g1', 'train'), video('b', 'g2', 'test'), video('c', 'g3', 'test')]);
    const roles: Record<string, BenchmarkEntry['roles']> = {
      a: ['train', 'test'],
      b: ['test', 'train'],
      c: ['test', 'unused'],
    };
    const two = sources.map((source) => ({
      ...source,
      benchmarks: { made: [{ ...source.benchmarks['made']![0]!, roles: roles[source.id]! }] },
    }));
    const { train, test } = splitSources({ benchmark: 'made', sources: two }, 2);
    expect([train, test].map((list) => list.map(({ source }) => source.id))).toEqual([['b'], ['a']]);
  });

  it('refuses one content that stands in both lists', () => {
    const { sources } = makeData([video('a', 'g1', 'train'), video('b', 'g2', 'test')]);
    const [a, b] = sources as [VideoSource, VideoSource];
    const copy: VideoSource = { ...a, benchmarks: { made: [...a.benchmarks['made']!, ...b.benchmarks['made']!] } };
    expect(() => splitSources({ benchmark: 'made', sources: [copy, b] }, 1)).toThrow(
      /share 1 videos or groups, such as video a/,
    );
  });
});
