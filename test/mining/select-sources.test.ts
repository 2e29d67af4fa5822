import { describe, expect, it } from 'vitest';
import type { BenchmarkEntry } from '../../src/core/index.js';
import { partOf, selectSources } from '../../src/mining/index.js';
import { movingReel, sourceOf } from './fakes.js';

function entry(group: string, ...roles: BenchmarkEntry['roles']): BenchmarkEntry {
  return { key: `Archery/${group}`, label: 0, className: 'Archery', group, roles };
}

function source(id: string, ...entries: BenchmarkEntry[]) {
  return sourceOf(movingReel(id, { source: entries.length === 0 ? {} : { benchmarks: { ucf101: entries } } }));
}

const many = Array.from({ length: 60 }, (_, i) => source(`id${String(i).padStart(2, '0')}`));
const ids = (selected: { sources: readonly { id: string }[] }) => selected.sources.map(({ id }) => id);

describe('selectSources', () => {
  it('orders by id, and takes the first so many', () => {
    const shuffled = [many[5]!, many[1]!, many[3]!];
    expect(ids(selectSources(shuffled, {}))).toEqual(['id01', 'id03', 'id05']);
    expect(ids(selectSources(shuffled, { limit: 2 }))).toEqual(['id01', 'id03']);
    expect(ids(selectSources(shuffled, { limit: 0 }))).toEqual([]);
  });

  it('splits into parts that unite to the whole, limited or not, and share nothing', () => {
    for (const limit of [undefined, 25]) {
      const parts = [0, 1, 2].map((index) => ids(selectSources(many, { limit, part: { index, count: 3 } })));
      expect(parts.flat().sort()).toEqual(ids(selectSources(many, { limit })));
      for (const part of parts) expect(part.length).toBeGreaterThan(0);
    }
  });

  it('gives a source the same part whatever the corpus holds besides', () => {
    const part = { index: partOf('id07', 4), count: 4 };
    expect(ids(selectSources([many[7]!], { part }))).toEqual(['id07']);
    expect(ids(selectSources(many, { part }))).toContain('id07');
  });

  it('takes the training sources of the split, and none that it tests on under another name', () => {
    const corpus = [
      source('a', entry('g01', 'train', 'test')),
      source('b', entry('g02', 'test', 'train')),
      source('c', entry('g03', 'train', 'train'), entry('g04', 'test', 'unused')),
      source('d'),
      source('e', entry('g05', 'unused', 'train')),
    ];
    expect(ids(selectSources(corpus, { split: 1 }))).toEqual(['a']);
    expect(ids(selectSources(corpus, { split: 2 }))).toEqual(['b', 'c', 'e']);
    expect(ids(selectSources(corpus, { split: 1, role: 'test' }))).toEqual(['b']);
    expect(ids(selectSources(corpus, { only: ['c', 'a', 'nowhere'] }))).toEqual(['a', 'c']);
    expect(() => selectSources(corpus, { split: 3 })).toThrow(/split must be from 1 to 2, got 3/);
    expect(() => selectSources([source('d')], { split: 1 })).toThrow(/no source of the corpus belongs to a benchmark/);
  });

  it('names the groups that a list has on both sides', () => {
    const corpus = [
      source('a', entry('g01', 'train')),
      source('b', entry('g01', 'test')),
      source('c', entry('g02', 'train')),
    ];
    expect(selectSources(corpus, { split: 1 }).leakingGroups).toEqual(['ucf101 g01']);
    expect(selectSources(corpus, {}).leakingGroups).toEqual([]);
  });

  it('refuses a part or limit that cannot be', () => {
    expect(() => selectSources(many, { part: { index: 3, count: 3 } })).toThrow(/got 3 of 3/);
    expect(() => selectSources(many, { limit: -1 })).toThrow(/got -1/);
  });
});
