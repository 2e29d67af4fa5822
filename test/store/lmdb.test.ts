import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lmdbStatus } from '../../src/store/index.js';
import { openEnvironment, toStoreError } from '../../src/store/lmdb.js';

describe('lmdbStatus', () => {
  it('finds an LMDB whose files say data format 1', async () => {
    const status = await lmdbStatus();
    expect(status).toMatchObject({ ok: true, dataFormat: 1, remedy: null });
    expect(status.build).toMatch(/^(setup|prebuilt)$/);
    expect(status.detail).toContain('data format 1');
    expect(status.build === 'setup').toBe(!status.passedOver.some(({ name }) => name === 'lmdb (built)'));
  });
});

describe('openEnvironment', () => {
  it('keeps all of a transaction or, when it throws, nothing of it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'reelmine-lmdb-'));
    const path = join(folder, 'a.mdb');
    const environment = await openEnvironment(path, 1 << 20);
    const database = environment.database('samples');
    const key = (n: number) => Buffer.from(`key ${String(n).padStart(5, '0')}`);
    environment.transact(() => {
      for (let n = 0; n < 1500; n++) database.put(key(n), Buffer.alloc(n % 50, n));
    });
    expect(() =>
      environment.transact(() => {
        database.put(key(9999), Buffer.of(1));
        throw new RangeError('no');
      }),
    ).toThrow('no');
    expect(database.has(key(9999))).toBe(false);
    expect(database.count).toBe(1500);
    expect(Array.from(database.keys(), String)).toHaveLength(1500);
    expect(Buffer.from(database.get(key(49))!)).toEqual(Buffer.alloc(49, 49));
    expect(database.get(key(1500))).toBeUndefined();
    await environment.close();
    expect(readFileSync(path).readUInt32LE(16)).toBe(0xbeefc0de);
    expect(readFileSync(path).readUInt32LE(20)).toBe(1);
    rmSync(folder, { recursive: true });
  });
});

describe('toStoreError', () => {
  it('says in a code what LMDB says in words', () => {
    for (const [message, code] of [
      ['No space left on device', 'disk-full'],
      ['File too large', 'disk-full'],
      ['MDB_MAP_FULL: Environment mapsize limit reached', 'map-full'],
      ['Permission denied', 'read-only'],
      ['MDB_CORRUPTED: Located page was wrong type', 'corrupt'],
      ['something else', 'io'],
    ] as const) {
      expect(toStoreError('/d/00000.mdb', new Error(message))).toMatchObject({
        code,
        context: { path: '/d/00000.mdb' },
      });
    }
  });
});
