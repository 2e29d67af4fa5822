import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nativeFolder, readEnvironment, runJob, tensorflowParts, writeEnvironment } from '../../src/core/index.js';
import { setup, type SetupOptions } from '../../src/setup/index.js';

const path = readEnvironment('PATH') ?? '';
const cache = readEnvironment('REELMINE_CACHE') ?? '';
const real = tensorflowParts();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reelmine-setup-'));
  writeEnvironment('REELMINE_CACHE', join(folder, 'cache'));
});
afterEach(() => {
  writeEnvironment('REELMINE_CACHE', cache);
  writeEnvironment('PATH', path);
  writeEnvironment('CXX', '');
  rmSync(folder, { recursive: true, force: true });
});

/** Only these programs on the PATH; each does nothing and succeeds. */
function usePrograms(...names: string[]): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const name of names) {
    writeFileSync(join(bin, name), '#!/bin/sh\nexit 0\n');
    chmodSync(join(bin, name), 0o755);
  }
  writeEnvironment('PATH', bin);
}

function run(options: Partial<SetupOptions> = {}, notes: string[] = []) {
  return runJob(setup({ now: () => new Date(), ...options }), (event) => {
    if (event.kind === 'progress' && event.note !== undefined) notes.push(event.note);
  });
}

describe.skipIf(real === null)('setup with a TensorFlow that is there (needs reelmine setup)', () => {
  it(
    'works when run twice at once, keeps what is there, repairs, and takes all away',
    { timeout: 240_000 },
    async () => {
      const libraries = real!.libraryFolder;
      mkdirSync(join(nativeFolder(), 'lmdb-0.0.0.1.tmp'), { recursive: true });
      const notes: string[] = [];
      const both = await Promise.all([
        run({ from: libraries, optional: true }, notes),
        run({ from: libraries, optional: true }, notes),
      ]);
      expect(
        both.map(({ parts }) =>
          parts
            .filter(({ state }) => state === 'missing' || state === 'removed')
            .filter(({ name }) => name !== 'ffmpeg'),
        ),
      ).toEqual([[], []]);
      expect(notes.filter((note) => note === 'building the addon')).toHaveLength(1);
      expect(notes).toContain('waiting for another setup');
      expect(readdirSync(nativeFolder()).filter((name) => name.endsWith('.tmp') || name === 'lock')).toEqual([]);
      expect(tensorflowParts()).toMatchObject({ version: real!.version, variant: 'given', libraryFolder: libraries });

      usePrograms('ffmpeg'); // neither pip nor compiler: nothing may be started any more
      const startMs = performance.now();
      const again = await run();
      expect(performance.now() - startMs).toBeLessThan(500);
      expect(again.parts.map(({ state }) => state)).toEqual(['ready', 'ready', 'ready']);

      rmSync(tensorflowParts()!.addon);
      expect(tensorflowParts()).toBeNull();
      writeEnvironment('PATH', path);
      await run({ from: libraries, optional: true });
      expect(existsSync(tensorflowParts()!.addon)).toBe(true);

      const { parts } = await run({ remove: true });
      expect(parts.map(({ state }) => state)).toEqual(['removed', 'removed', 'removed']);
      expect(existsSync(nativeFolder())).toBe(false);
      expect(existsSync(join(libraries, 'libtensorflow_cc.so.2'))).toBe(true);
    },
  );
});
