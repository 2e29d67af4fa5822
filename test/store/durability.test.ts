import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { builtModule, createRandom, runProcess } from '../../src/core/index.js';
import { verifyDataset } from '../../src/store/index.js';
import { openShard } from '../../src/store/shard-reader.js';
import { makeTemporaryFolder } from './fixture.js';

const script = fileURLToPath(new URL('write-units.mjs', import.meta.url));
const writerArguments = (dir: string, count: number, inFlight: number) => [
  script,
  pathToFileURL(builtModule('store/index')).href,
  dir,
  String(count),
  String(inFlight),
];

describe('writeUnit', () => {
  it('loses no unit that it acknowledged, and leaves none half, when killed at random moments', async () => {
    const dir = makeTemporaryFolder();
    const random = createRandom(31);
    const acknowledged = new Set<number>();
    for (let kill = 0; kill < 12; kill++) {
      const end = await writeAndKill(dir, {
        inFlight: 1 + (kill % 4),
        afterUnits: 1 + random.int(40),
        delayMs: random.int(12),
      });
      for (const unit of end) {
        expect(acknowledged.has(unit)).toBe(false); // a later run skips what is on the disk
        acknowledged.add(unit);
      }
      const { problems } = await verifyDataset(dir); // every unit that is there has exactly its samples
      expect(problems).toEqual([]);
      const there = await unitsOf(dir);
      for (const unit of acknowledged) expect(there.has(unit)).toBe(true);
      // Of what was in flight, a whole unit may have reached the disk without its word.
      expect(there.size - acknowledged.size).toBeLessThanOrEqual(4 * (kill + 1));
      for (const unit of there) acknowledged.add(unit);
    }
    const count = Math.max(...acknowledged) + 60;
    const finished = await runProcess(process.execPath, writerArguments(dir, count, 2));
    expect(finished.stderr).toBe('');
    const undisturbed = await runProcess(process.execPath, writerArguments(makeTemporaryFolder(), count, 3));
    expect(lastLine(finished.stdout)).toMatch(/^digest [0-9a-f]{64}$/);
    expect(lastLine(finished.stdout)).toBe(lastLine(undisturbed.stdout));
    expect((await verifyDataset(dir)).problems).toEqual([]);
  });

  it('resolves only after data and meta page are on the disk', async (context) => {
    const trace = join(makeTemporaryFolder(), 'trace');
    const dir = makeTemporaryFolder();
    const count = 25;
    const strace = ['-f', '-e', 'trace=openat,close,fdatasync,fsync,msync,pwrite64,pwritev,write', '-o', trace];
    const { status } = await runProcess('strace', [
      ...strace,
      process.execPath,
      ...writerArguments(dir, count, 1),
    ]).catch((error: unknown) => context.skip(`strace cannot be started: ${String(error)}`));
    if (status !== 0 && !existsSync(trace)) context.skip('strace may not trace here');
    expect(status).toBe(0);
    const steps = readTrace(readFileSync(trace, 'utf8'));
    const acknowledgements = steps.flatMap((step, i) => (step === 'acknowledged' ? [i] : []));
    expect(acknowledgements).toHaveLength(count);
    let from = steps.lastIndexOf('opened', acknowledgements[0]);
    for (const at of acknowledgements) {
      const between = steps.slice(from + 1, at).filter((step) => step !== 'data');
      // First the pages are synced; then the meta page goes out through a descriptor that writes synchronously.
      expect(between).toEqual(['synced', 'meta']);
      expect(steps.slice(steps.lastIndexOf('synced', at), at)).not.toContain('data');
      from = at;
    }
  });

  it('tells that the disk is full, keeps what it acknowledged, and goes on when there is room', async (context) => {
    const dir = makeTemporaryFolder();
    const limited = ['-c', 'ulimit -f 400 && exec "$0" "$@"', process.execPath, ...writerArguments(dir, 300, 3)];
    const full = await runProcess('bash', limited).catch((error: unknown) =>
      context.skip(`bash cannot be started: ${String(error)}`),
    );
    expect(full.status).toBe(1);
    expect(full.stderr).toMatch(/StoreError: .*0000[01]\.mdb: the disk is full/);
    const acknowledged = full.stdout.trim().split('\n').map(Number);
    expect(acknowledged.length).toBeGreaterThan(5);
    expect((await verifyDataset(dir)).problems).toEqual([]);
    const there = await unitsOf(dir);
    expect(acknowledged.every((unit) => there.has(unit))).toBe(true);
    const roomy = await runProcess(process.execPath, writerArguments(dir, 300, 3));
    const undisturbed = await runProcess(process.execPath, writerArguments(makeTemporaryFolder(), 300, 1));
    expect(lastLine(roomy.stdout)).toBe(lastLine(undisturbed.stdout));
  });
});

/** Starts a writer, kills it some time after so many units, and gives the units that it acknowledged. */
async function writeAndKill(
  dir: string,
  { inFlight, afterUnits, delayMs }: { inFlight: number; afterUnits: number; delayMs: number },
): Promise<number[]> {
  const child = spawn(process.execPath, writerArguments(dir, 1_000_000, inFlight), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const units: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    units.push(Number(line));
    if (units.length === afterUnits) void sleep(delayMs).then(() => child.kill('SIGKILL'));
  }
  return units;
}

/** Numbers of the units in a dataset that nobody writes. */
async function unitsOf(dir: string): Promise<Set<number>> {
  const numbers = new Map(Array.from({ length: 20_000 }, (_, n) => [idOf(n), n]));
  const found = new Set<number>();
  for (const name of ['00000.mdb', '00001.mdb']) {
    const shard = openShard(join(dir, name));
    for (const { key, record } of shard.units()) {
      const n = numbers.get(Buffer.from(key).toString().slice(0, 16))!;
      expect(record.samples).toBe(n % 5);
      found.add(n);
    }
    shard.close();
  }
  return found;
}

function idOf(n: number): string {
  return createHash('sha256').update(String(n)).digest('hex').slice(0, 16);
}

/** What a trace says of the shards: opened, data written, synced, meta page written; and of the units: acknowledged. */
function readTrace(text: string): string[] {
  const data = new Set<string>();
  const synchronous = new Set<string>();
  return text.split('\n').flatMap((line) => {
    const opened = /openat\([^"]*"([^"]*)", ([A-Z_|]+).* = (\d+)/.exec(line);
    if (opened) {
      const [, path, flags, file] = opened as unknown as [string, string, string, string];
      data.delete(file);
      synchronous.delete(file);
      if (!/\d\.mdb$/.test(path) || flags.startsWith('O_RDONLY')) return [];
      (flags.includes('O_DSYNC') ? synchronous : data).add(file);
      return ['opened'];
    }
    const [, call, file] = /\d+ +(\w+)\((\d+)/.exec(line) ?? [];
    if (call === 'write' && file === '1') return line.includes('digest') ? [] : ['acknowledged'];
    if (!file || !(data.has(file) || synchronous.has(file))) return [];
    if (call === 'close') data.delete(file);
    if (call?.startsWith('pwrite')) return [synchronous.has(file) ? 'meta' : 'data'];
    return call === 'fdatasync' && data.has(file) ? ['synced'] : [];
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
