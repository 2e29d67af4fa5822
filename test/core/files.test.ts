import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  openLedger,
  readJsonFile,
  readJsonLines,
  runProcess,
  StoreError,
  writeFileWhole,
} from '../../src/core/index.js';

const folder = () => mkdtempSync(join(tmpdir(), 'reelmine-'));

describe('writeFileWhole', () => {
  it('leaves the file and nothing beside it', () => {
    const dir = folder();
    writeFileWhole(join(dir, 'a', 'b.json'), 'x'.repeat(100_000));
    writeFileWhole(join(dir, 'a', 'b.json'), 'short');
    expect(readdirSync(join(dir, 'a'))).toEqual(['b.json']);
    expect(readFileSync(join(dir, 'a', 'b.json'), 'utf8')).toBe('short');
  });
});

describe('readJsonFile', () => {
  it('refuses a newer schema, broken JSON and a missing file, each by its code', () => {
    const dir = folder();
    writeFileSync(join(dir, 'new.json'), '{"schema":9}');
    writeFileSync(join(dir, 'broken.json'), '{"schema":');
    const codeOf = (name: string) => {
      try {
        readJsonFile(join(dir, name), 1);
        return 'read';
      } catch (error) {
        return error instanceof StoreError ? error.code : 'other';
      }
    };
    expect(['new.json', 'broken.json', 'none.json'].map(codeOf)).toEqual(['newer-schema', 'corrupt', 'missing']);
  });
});

describe('Ledger', () => {
  it('counts attempts over runs, forgets what has succeeded, and drops a line that a crash cut off', () => {
    const file = join(folder(), 'failures.jsonl');
    const now = () => new Date(0);
    const failure = { source: null, path: 'b.mp4', stage: 'ingest', code: 'cannot-open', message: 'no' } as const;
    let ledger = openLedger(file, now);
    ledger.record(failure);
    ledger.record({ ...failure, path: 'a.mp4' });
    ledger.save();
    writeFileSync(file, `${readFileSync(file, 'utf8')}{"source":null,"pa`);
    ledger = openLedger(file, now);
    ledger.record(failure);
    ledger.clear('a.mp4', 'ingest');
    ledger.save();
    expect(readJsonLines(file)).toEqual([{ ...failure, attempts: 2, at: '1970-01-01T00:00:00.000Z' }]);
  });
});

describe('runProcess', () => {
  it('gives status, output and lines, and kills after the time limit', async () => {
    const lines: string[] = [];
    const result = await runProcess(process.execPath, ['-e', 'console.log("a\\nb"); process.exitCode = 3'], {
      onLine: (line) => lines.push(line),
    });
    expect([result.status, result.stdout, lines]).toEqual([3, 'a\nb\n', ['a', 'b']]);
    const hung = await runProcess(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { timeoutMs: 300 });
    expect(hung.signal).toBe('SIGTERM');
    await expect(runProcess('no-such-program', [])).rejects.toThrow(/ENOENT/);
  });
});
