import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from '../../src/setup/lock.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'reelmine-lock-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const options = (onWait = () => {}, signal = new AbortController().signal) => ({
  now: () => new Date(),
  signal,
  onWait,
});

describe('the lock', () => {
  it('lets one work after the other', async () => {
    let inside = 0;
    let most = 0;
    let waits = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await sleep(50);
      inside--;
    };
    await Promise.all(
      [1, 2, 3].map(() =>
        withLock(
          join(folder, 'lock'),
          options(() => waits++),
          work,
        ),
      ),
    );
    expect({ most, waits }).toEqual({ most: 1, waits: 2 });
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });

  it('is given back when the work fails', async () => {
    await expect(withLock(join(folder, 'lock'), options(), () => Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    );
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });

  it.each([
    [
      'whose process has ended',
      () => writeFileSync(join(folder, 'lock/holder.json'), JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() })),
    ],
    [
      'on another machine that went silent',
      () => {
        writeFileSync(join(folder, 'lock/holder.json'), JSON.stringify({ pid: 1, host: 'elsewhere' }));
        const before = new Date(Date.now() - 60_000);
        utimesSync(join(folder, 'lock'), before, before);
      },
    ],
  ])('is taken over from a holder %s', async (_, leave) => {
    mkdirSync(join(folder, 'lock'));
    leave();
    expect(await withLock(join(folder, 'lock'), options(), async () => 'done')).toBe('done');
  });

  it('stops waiting when asked to', async () => {
    mkdirSync(join(folder, 'lock'));
    writeFileSync(join(folder, 'lock/holder.json'), JSON.stringify({ pid: process.pid, host: hostname() }));
    const stop = new AbortController();
    const waiting = withLock(
      join(folder, 'lock'),
      options(() => stop.abort(), stop.signal),
      async () => 'done',
    );
    await expect(waiting).rejects.toThrow(/abort/i);
    expect(existsSync(join(folder, 'lock/holder.json'))).toBe(true);
  });
});
