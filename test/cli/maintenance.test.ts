import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSink } from '../../src/store/index.js';
import { makeHeader, makeTemporaryFolder, makeUnit, sourceId } from '../store/fixture.js';
import { runCli } from './run-cli.js';

async function writePart(dir: string, part: string, sources: readonly number[]): Promise<void> {
  const sink = await openSink({ dir, header: makeHeader({ selection: { part } }) });
  for (const n of sources) await sink.writeUnit(makeUnit(sourceId(n), 1));
  await sink.finish(null);
}

describe('merge, forget and verify', () => {
  it('end with the exit codes of the contract', async () => {
    const root = makeTemporaryFolder();
    const [one, three, out] = ['one', 'three', 'out'].map((name) => join(root, name)) as [string, string, string];
    await writePart(one, '1/3', [1, 2]);
    await writePart(three, '3/3', [3]);
    const refused = await runCli(['merge', one, three, '--out', out, '--json']);
    expect(refused.status).toBe(2);
    expect(refused.json()).toMatchObject({
      ok: false,
      error: { code: 'missing-parts', context: { missing: ['2/3'] } },
    });
    const merged = await runCli(['merge', one, three, '--out', out, '--allow-missing', '--json']);
    expect(merged.status).toBe(3);
    expect(merged.json()).toMatchObject({ ok: true, counts: { done: 3, samples: 9, failed: 1 }, missing: ['2/3'] });
    const shard = join(out, '00003.mdb');
    const bytes = readFileSync(shard);
    const unit = [1, 2, 3].map((n) => makeUnit(sourceId(n), 1)).find(({ source }) => bytes.includes(source))!;
    for (const sample of unit.samples) {
      const pixels = Buffer.from(sample.fields['pixels'] as Uint8Array);
      for (let at = bytes.indexOf(pixels); at >= 0; at = bytes.indexOf(pixels)) bytes[at]! ^= 8;
    }
    writeFileSync(shard, bytes);
    const damaged = await runCli(['verify', out]);
    expect(damaged.status).toBe(3);
    expect(damaged.stdout).toContain(`record ${unit.samples[1]!.key} is damaged`);
    const repaired = await runCli(['verify', out, '--repair']);
    expect(repaired.status).toBe(3);
    expect(repaired.stdout).toMatch(/keeps 0 of its 3 samples[\s\S]*00003\.mdb\.damaged/);
    expect((await runCli(['verify', out])).status).toBe(0);

    const left = [1, 2, 3].map(sourceId).filter((id) => id !== unit.source);
    const forgotten = await runCli(['forget', '--source', left[0]!, out, '--json']);
    expect(forgotten.status).toBe(0);
    expect(forgotten.json()).toMatchObject({ counts: { done: 1, units: 1, samples: 3, failed: 0 } });
  });
});
