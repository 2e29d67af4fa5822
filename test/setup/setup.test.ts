import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  BackendError,
  lmdbParts,
  nativeFolder,
  packageRoot,
  readEnvironment,
  runProcess,
  tensorflowParts,
  writeEnvironment,
} from '../../src/core/index.js';
import { doctor, fileSystemKind } from '../../src/setup/index.js';

import { folder, isolateTests, path, real, run, usePrograms } from './isolated.js';

isolateTests();

describe('setup without pip and compiler', () => {
  it('says in one line what is missing and how to get it, and is no failure when optional', async () => {
    usePrograms('apt-get');
    const { parts, missing } = await run({ optional: true });
    expect(parts.find(({ name }) => name === 'tensorflow')).toEqual({
      name: 'tensorflow',
      state: 'missing',
      detail: 'needs Python with pip and a C++ compiler',
      remedy: 'apt-get install -y python3-pip g++',
    });
    expect(parts.find(({ name }) => name === 'lmdb')).toMatchObject({
      state: 'missing',
      remedy: 'apt-get install -y g++',
    });
    expect(missing).toMatch(/^Not set up: .*wasm engine is used.*apt-get install -y python3-pip g\+\+/);
    expect(missing).not.toContain('\n');
    expect([tensorflowParts(), lmdbParts()]).toEqual([null, null]);
  });

  it('fails when not optional', async () => {
    usePrograms();
    await expect(run()).rejects.toThrow(BackendError);
  });
});

describe('setup with a compiler that fails', () => {
  it('leaves nothing that would be picked up', async () => {
    usePrograms('python3', 'ffmpeg');
    writeEnvironment('CXX', '/bin/false');
    const { parts } = await run({ optional: true, ...(real ? { from: real.libraryFolder } : {}) });
    expect(parts.find(({ name }) => name === 'lmdb')).toMatchObject({
      state: 'missing',
      detail: expect.stringContaining('Building LMDB failed'),
    });
    expect(parts.find(({ name }) => name === 'tensorflow')?.state).toBe('missing');
    expect(readdirSync(nativeFolder())).toEqual([]);
  });
});

describe('what a killed setup left behind', () => {
  it.each([
    ['a record cut off', '{"schema": 1, "fil'],
    [
      'a record of a missing file',
      JSON.stringify({
        schema: 1,
        version: '2.21.0',
        variant: 'cpu',
        libraryFolder: 'a',
        addon: 'b.node',
        packages: null,
        files: ['b.node'],
      }),
    ],
    ['a record of another schema', JSON.stringify({ schema: 2, files: [] })],
  ])('is not picked up: %s', (_, text) => {
    mkdirSync(nativeFolder(), { recursive: true });
    for (const part of ['tensorflow', 'lmdb']) writeFileSync(join(nativeFolder(), `${part}.json`), text);
    expect([tensorflowParts(), lmdbParts()]).toEqual([null, null]);
  });
});

describe('a TensorFlow that is given', () => {
  it('is refused where there is none', async () => {
    usePrograms('ffmpeg', 'python3');
    writeEnvironment('CXX', '/bin/false');
    const { parts } = await run({ optional: true, from: folder });
    expect(parts.find(({ name }) => name === 'tensorflow')).toMatchObject({
      state: 'missing',
      detail: expect.stringContaining('holds no TensorFlow'),
    });
  });
});

describe('setup run twice at once', () => {
  it('builds once, removes what a killed run left, and afterwards starts nothing', { timeout: 240_000 }, async () => {
    mkdirSync(join(nativeFolder(), 'lmdb-0.0.0.1.tmp'), { recursive: true });
    usePrograms('ffmpeg');
    writeEnvironment('PATH', `${readEnvironment('PATH')}:${path}`);
    const notes: string[] = [];
    const options = { from: join(folder, 'no-tensorflow-here'), optional: true };
    const both = await Promise.all([run(options, notes), run(options, notes)]);
    for (const { parts } of both) expect(parts.find(({ name }) => name === 'lmdb')?.state).toMatch(/installed|ready/);
    expect(notes.filter((note) => note.startsWith('building LMDB'))).toHaveLength(1);
    expect(notes).toContain('waiting for another setup');
    expect(readdirSync(nativeFolder()).filter((name) => name.endsWith('.tmp') || name === 'lock')).toEqual([]);

    const program = "const { open } = await import('lmdb'); await open({ path: process.argv[1] }).close()";
    const child = await runProcess(process.execPath, ['--input-type=module', '-e', program, join(folder, 'x.mdb')], {
      cwd: packageRoot(),
      env: { LMDB_PREBUILD: lmdbParts()!.prebuildFolder },
    });
    expect(child).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(folder, 'x.mdb')).readUInt32LE(20)).toBe(1); // data format

    expect((await run({ remove: true })).parts.map(({ state }) => state)).toEqual(['removed', 'removed', 'removed']);
    expect(existsSync(nativeFolder())).toBe(false);
  });
});

describe('doctor', () => {
  it('lists every part once, with a remedy wherever something is missing', async () => {
    usePrograms();
    const parts = await doctor({ folder: join(folder, 'not/yet/there') });
    expect(parts.map(({ name }) => name)).toEqual([
      'Node',
      'pip',
      'C++ compiler',
      'TensorFlow addon',
      'LMDB build',
      'ffmpeg',
      'machine',
      'disk',
    ]);
    for (const part of parts) expect(part.remedy === null).toBe(part.ok);
    expect(parts.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['pip', 'C++ compiler', 'TensorFlow addon', 'LMDB build']),
    );
    expect(parts.at(-1)!.detail).toContain(`GB free on ${fileSystemKind(folder).name}`);
  });
});
