import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { readEnvironment, runJob, tensorflowParts, writeEnvironment } from '../../src/core/index.js';
import { setup, type SetupOptions } from '../../src/setup/index.js';

/** What the environment was before the tests. */
export const path = readEnvironment('PATH') ?? '';
const cache = readEnvironment('REELMINE_CACHE') ?? '';
export const real = tensorflowParts();

/** A folder for each test, with an empty cache in it; the environment is put back afterwards. */
export let folder: string;

/** Gives every test of the file a folder and a cache of its own. */
export function isolateTests(): void {
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
}

/** Only these programs on the PATH; each does nothing and succeeds. */
export function usePrograms(...names: string[]): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const name of names) {
    writeFileSync(join(bin, name), '#!/bin/sh\nexit 0\n');
    chmodSync(join(bin, name), 0o755);
  }
  writeEnvironment('PATH', bin);
}

/** Runs setup to its end; its progress notes are added to `notes`. */
export function run(options: Partial<SetupOptions> = {}, notes: string[] = []) {
  return runJob(setup({ now: () => new Date(), ...options }), (event) => {
    if (event.kind === 'progress' && event.note !== undefined) notes.push(event.note);
  });
}
