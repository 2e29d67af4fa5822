import { describe, expect, it } from 'vitest';
import { BackendError, ConfigError, MediaError, StoreError, type ProgressEvent } from '../../src/core/index.js';
import { explainError } from '../../src/cli/exit.js';
import { parsePart } from '../../src/cli/command.js';
import { createTerminal, formatSeconds, formatTable, type ProgressStyle } from '../../src/cli/terminal.js';

const event = (done: number, total: number | null = 100): ProgressEvent => ({
  kind: 'progress',
  stage: 'mine',
  done,
  total,
  unit: 'videos',
});

function play(style: ProgressStyle, isTTY: boolean, at: readonly (readonly [ms: number, done: number])[]): string {
  let text = '';
  let clock = 0;
  const output = { isTTY, columns: 80, write: (part: string) => (text += part) };
  const terminal = createTerminal(output, { style, verbose: false, now: () => clock });
  for (const [ms, done] of at) {
    clock = ms;
    terminal.show(event(done));
  }
  terminal.close();
  return text;
}

describe('createTerminal', () => {
  it('writes one plain line per interval with rate and remaining time where there is no terminal', () => {
    const lines = play('auto', false, [
      [0, 0],
      [1000, 5],
      [11_000, 22],
      [12_000, 23],
      [50_000, 100],
    ])
      .trim()
      .split('\n');
    expect(lines).toEqual([
      'mine 0/100 videos',
      'mine 22/100 videos, 2.0 videos/s, 39 s left',
      'mine 100/100 videos, 2.0 videos/s',
    ]);
  });

  it('draws a bar that fills its line, and ends it with a line break', () => {
    const text = play('auto', true, [
      [0, 0],
      [10_000, 50],
      [20_000, 100],
    ]);
    expect(text).toContain('[############------------] mine 50/100 videos, 5.0 videos/s, 10 s left');
    expect(text.endsWith('\n')).toBe(true);
    for (const line of text.split(/[\r\n]/)) expect(line.length).toBeLessThan(80);
  });

  it('writes NDJSON, or nothing', () => {
    const rows = play('json', true, [
      [0, 0],
      [5, 1],
    ])
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as ProgressEvent);
    expect(rows.map(({ done }) => done)).toEqual([0, 1]);
    expect(
      play('none', true, [
        [0, 0],
        [5, 1],
      ]),
    ).toBe('');
  });

  it('measures each stage anew once it has ended', () => {
    const text = play('auto', false, [
      [0, 0],
      [10_000, 100],
      [100_000, 0],
      [110_000, 50],
    ]);
    expect(text.trim().split('\n').at(-1)).toBe('mine 50/100 videos, 5.0 videos/s, 10 s left');
  });
});

describe('explainError', () => {
  it.each([
    [new ConfigError('no'), 1, 'config'],
    [new StoreError('missing', 'no'), 1, 'missing'],
    [new StoreError('corrupt', 'no'), 2, 'corrupt'],
    [new MediaError('cannot-open', 'no'), 2, 'cannot-open'],
    [new BackendError('no'), 2, 'backend'],
    [new RangeError('workers must be at least 1, got 0.'), 1, 'argument'],
    [new TypeError("Cannot read properties of undefined (reading 'x')"), 70, 'bug'],
  ])('gives %s the exit code %i', (error, exitCode, code) => {
    expect(explainError(error, false)).toMatchObject({ exitCode, error: { code } });
  });

  it('says what lies behind', () => {
    const error = new StoreError('corrupt', 'The shard is damaged.', { cause: new Error('page 7') });
    expect(explainError(error, false).text).toBe('reelmine: The shard is damaged.\n  because: page 7');
  });
});

describe('text for people', () => {
  it('has times, tables and parts', () => {
    expect([59.6, 61, 3725].map(formatSeconds)).toEqual(['1 min 00 s', '1 min 01 s', '1 h 02 min']);
    expect(
      formatTable([
        ['a', '1'],
        ['long', '22'],
      ]),
    ).toBe('a      1\nlong  22');
    expect(parsePart('3/8')).toEqual({ index: 2, count: 8 });
    for (const bad of ['0/3', '4/3', '1', 'a/b', '1/0']) expect(() => parsePart(bad)).toThrow(/--part takes I\/N/);
  });
});
