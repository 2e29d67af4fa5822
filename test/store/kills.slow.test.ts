import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { builtModule, createRandom, runProcess } from '../../src/core/index.js';
import { openDataset, verifyDataset } from '../../src/store/index.js';
import { makeTemporaryFolder } from './fixture.js';

const kills = Number(process.env['REELMINE_KILLS'] ?? 60);
const script = fileURLToPath(new URL('write-units.mjs', import.meta.url));
const unitsEach = 150;
const samplesEach = Array.from({ length: unitsEach }, (_, n) => n % 5).reduce((a, b) => a + b, 0);

const argumentsFor = (dir: string, inFlight: number) => [
  script,
  pathToFileURL(builtModule('store/index')).href,
  dir,
  String(unitsEach),
  String(inFlight),
];

/** Starts a writer that goes on with a dataset and kills it after so long; true if it was quicker. */
function writeForAWhile(dir: string, { inFlight, ms, env }: { inFlight: number; ms: number; env: NodeJS.ProcessEnv }) {
  return new Promise<boolean>((resolve, reject) => {
    const child = spawn(process.execPath, argumentsFor(dir, inFlight), {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let timer: NodeJS.Timeout | null = null;
    // From the first unit on: the start of Node is not what is tested.
    child.stdout.on('data', () => (timer ??= setTimeout(() => child.kill('SIGKILL'), ms)));
    child.on('error', reject);
    child.on('exit', (status, signal) => {
      if (timer) clearTimeout(timer);
      if (signal === 'SIGKILL') resolve(false);
      else if (status === 0) resolve(true);
      else reject(new Error(`The writer ended with status ${status ?? ''}.`));
    });
  });
}

it(`loses and doubles no sample in ${kills} kills -9, writing or finishing, in place or staged`, async () => {
  const undisturbed = await runProcess(process.execPath, argumentsFor(makeTemporaryFolder(), 3));
  const digest = /digest ([0-9a-f]{64})/.exec(undisturbed.stdout)?.[1];
  const random = createRandom(1000);
  let done = 0;
  let datasets = 0;
  while (done < kills) {
    const root = makeTemporaryFolder();
    const dir = join(root, 'mined');
    const env = { REELMINE_SCRATCH: root, REELMINE_STAGE: datasets % 3 === 2 ? 'on' : 'off' };
    // So long that a dataset takes a few kills, and some of them meet the end of it.
    const longest = 20 + random.int(120);
    while (!(await writeForAWhile(dir, { inFlight: 1 + (done % 4), ms: random.int(longest), env }))) {
      done++;
      if (done % 20 === 0) expect((await verifyDataset(dir)).problems).toEqual([]);
    }
    const report = await verifyDataset(dir);
    expect(report).toMatchObject({ digest, samples: samplesEach, units: unitsEach, problems: [] });
    const dataset = await openDataset(dir);
    expect(new Set(dataset.keys).size).toBe(samplesEach);
    await dataset.close();
    expect(readdirSync(root)).toEqual(['mined']);
    expect(readdirSync(dir).filter((name) => !/^(dataset\.json|\d{5}\.(mdb|json))$/.test(name))).toEqual([]);
    rmSync(root, { recursive: true });
    datasets++;
  }
  expect(datasets).toBeGreaterThan(kills / 100);
}, 3_600_000);
