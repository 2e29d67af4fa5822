import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import { builtModule, type MinedUnit } from '../../src/core/index.js';
import { openDataset, openSink, verifyDataset } from '../../src/store/index.js';
import { makeHeader, makeTemporaryFolder, makeUnit, sourceId } from './fixture.js';

const script = fileURLToPath(new URL('change-dataset.mjs', import.meta.url));
const units = 60;
const forgotten = sourceId(7);
const header = makeHeader({
  spec: { pixels: { dtype: 'uint8', shape: [null] }, label: { dtype: 'int32', shape: [] } },
});
const unitAt = (n: number): MinedUnit => makeUnit(sourceId(n), 0, 1 + (n % 4), 2000 + ((n * 7919) % 9000));

/** What may be killed. */
export type Change = 'forget' | 'merge' | 'repair';

/** Datasets to change: `whole`; `damaged`, the same with a flipped bit; and two halves of it, `half-0` and `half-1`. */
export async function makeDatasets(): Promise<string> {
  const root = makeTemporaryFolder();
  const write = async (name: string, isIn: (n: number) => boolean) => {
    const sink = await openSink({ dir: join(root, name), header, shards: 2 });
    const labels = new Map<string, { place: number }>();
    const numbers = Array.from({ length: units }, (_, n) => n).filter(isIn);
    await Promise.all(numbers.map((n) => sink.writeUnit(unitAt(n))));
    for await (const { key } of sink.samples()) labels.set(key, { place: labels.size });
    return (await sink.finish({ labels, artefacts: {} })).digest;
  };
  await write('whole', () => true);
  await write('half-0', (n) => n % 2 === 0);
  await write('half-1', (n) => n % 2 === 1);
  await write('without', (n) => sourceId(n) !== forgotten);
  cpSync(join(root, 'whole'), join(root, 'damaged'), { recursive: true });
  const { fields } = unitAt(3).samples[0]!;
  for (const name of ['00000.mdb', '00001.mdb']) {
    const path = join(root, 'damaged', name);
    const bytes = readFileSync(path);
    const at = bytes.indexOf((fields as { pixels: Uint8Array }).pixels);
    if (at < 0) continue;
    bytes[at + 5]! ^= 8;
    writeFileSync(path, bytes);
  }
  return root;
}

/** Makes a change that is killed after each of so many milliseconds and then once more, to its end; checks what is left. Gives how many kills met it. */
export async function killChange(root: string, change: Change, delays: readonly number[]): Promise<number> {
  const work = makeTemporaryFolder();
  const scratch = join(work, 'scratch');
  const dir = join(work, 'set');
  mkdirSync(scratch);
  if (change !== 'merge') cpSync(join(root, change === 'repair' ? 'damaged' : 'whole'), dir, { recursive: true });
  const halves = [join(root, 'half-0'), join(root, 'half-1')];
  const before = halves.map(stateOf);
  const options = { dir, dirs: halves, out: dir, sources: [forgotten] };
  const run = (ms: number) => runChange(change, options, { ms, scratch });
  let killed = 0;
  let digest: string | null = null;
  for (const ms of [...delays, Infinity]) {
    digest = await run(ms);
    if (digest !== null) break;
    killed++;
    if (change === 'forget') expect((await verifyDataset(dir)).problems).toEqual([]);
  }
  const report = await verifyDataset(dir);
  expect(report.problems).toEqual([]);
  if (digest !== 'none') expect(report.digest).toBe(digest); // a repair finds none to do where the kill came after its last step
  expect(report.digest).toBe(await expectedDigest(root, change));
  const names = readdirSync(dir).filter((name) => !/^(dataset\.json|\d{5}\.(mdb|json))$/.test(name));
  expect(names).toEqual(change === 'repair' ? [expect.stringMatching(/^0000[01]\.mdb\.damaged$/)] : []);
  expect(readdirSync(work).sort()).toEqual(['scratch', 'set']);
  expect(readdirSync(scratch)).toEqual([]);
  if (change === 'merge') expect(halves.map(stateOf)).toEqual(before);
  if (change === 'forget') for (const name of readdirSync(dir)) expectNothingOfIt(join(dir, name));
  rmSync(work, { recursive: true });
  return killed;
}

const expected = new Map<string, Promise<string>>();

/** Of a dataset that never had the source, of the whole, and of the whole without the sample that is damaged. */
function expectedDigest(root: string, change: Change): Promise<string> {
  const name = { forget: 'without', merge: 'whole', repair: 'repaired' }[change];
  const known = expected.get(join(root, name));
  if (known) return known;
  const made = change === 'repair' ? repairedDigest() : openDataset(join(root, name)).then(closed);
  expected.set(join(root, name), made);
  return made;
}

async function repairedDigest(): Promise<string> {
  const sink = await openSink({ dir: makeTemporaryFolder(), header, shards: 3 });
  for (let n = 0; n < units; n++) {
    const unit = unitAt(n);
    await sink.writeUnit(n === 3 ? { ...unit, samples: unit.samples.slice(1) } : unit);
  }
  const labels = new Map<string, { place: number }>();
  for await (const { key } of sink.samples()) labels.set(key, { place: labels.size });
  return (await sink.finish({ labels, artefacts: {} })).digest;
}

async function closed(dataset: Awaited<ReturnType<typeof openDataset>>): Promise<string> {
  await dataset.close();
  return dataset.digest;
}

/** The digest that was printed; null if it was killed first. */
function runChange(
  change: Change,
  options: object,
  { ms, scratch }: { readonly ms: number; readonly scratch: string },
): Promise<string | null> {
  const store = pathToFileURL(builtModule('store/index')).href;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, store, change, JSON.stringify(options)], {
      env: { ...process.env, REELMINE_SCRATCH: scratch },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    let timer: NodeJS.Timeout | null = null;
    // From when it is about to begin: the start of Node is not what is tested.
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString();
      if (ms !== Infinity) timer ??= setTimeout(() => child.kill('SIGKILL'), ms);
    });
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (timer) clearTimeout(timer);
      if (signal === 'SIGKILL') resolve(null);
      else if (status === 0) resolve(/digest (\w+)/.exec(text)?.[1] ?? '');
      else reject(new Error(`${change} ended with status ${status ?? ''}.`));
    });
  });
}

function stateOf(dir: string): string {
  return readdirSync(dir)
    .map((name) => `${name} ${statSync(join(dir, name)).size} ${statSync(join(dir, name)).mtimeMs}`)
    .join();
}

/** Neither the source's id nor any stretch of its pixels. */
function expectNothingOfIt(path: string): void {
  const bytes = readFileSync(path);
  expect(bytes.includes(forgotten), path).toBe(false);
  for (const { fields } of unitAt(7).samples) {
    const { pixels } = fields as { readonly pixels: Uint8Array };
    for (let at = 0; at + 16 <= pixels.length; at += 500)
      expect(bytes.includes(Buffer.from(pixels.subarray(at, at + 16))), path).toBe(false);
  }
}
