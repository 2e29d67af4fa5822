// Durable units a second, and prepared batches a second with 0, 1 and 2 threads. Run after npm run build: node bench/store.bench.mjs
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lmdbStatus, openDataset, openSink, verifyDataset } from '../dist/store/index.js';

const folder = mkdtempSync(join(tmpdir(), 'reelmine-bench-'));
const header = {
  signal: 'bench',
  signalVersion: 1,
  spec: { pixels: { dtype: 'uint8', shape: [2, 71, 71, 3] } }, // 30 KB
  config: {},
  configHash: '',
  corpusDigest: '',
  decoder: { name: 'none', version: '1' },
  toolVersion: '0.1.0',
  seed: 1,
  selection: {},
};
const units = 500;
const perUnit = 8;
const now = () => performance.now() / 1000;

async function write(inFlight) {
  const dir = join(folder, `in-flight-${inFlight}`);
  const sink = await openSink({ dir, header });
  const start = now();
  let next = 0;
  const work = async () => {
    while (next < units) {
      const shot = next++;
      const source = ((shot * 2654435761) >>> 0).toString(16).padStart(8, '0').repeat(2);
      const samples = Array.from({ length: perUnit }, (_, n) => ({
        key: `${source}/${shot}/${n}`,
        fields: { pixels: new Uint8Array(2 * 71 * 71 * 3).fill(shot + n) },
        provenance: { source, shot, pts: [n], timeBase: [1, 25] },
      }));
      await sink.writeUnit({ source, shot, samples, rejections: {} });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  const written = now();
  await sink.finish(null);
  const rate = units / (written - start);
  console.log(
    `write, ${inFlight} in flight: ${rate.toFixed(0)} units/s, ${((rate * perUnit * 30246) / 1e6).toFixed(0)} MB/s; close ${(now() - written).toFixed(2)} s`,
  );
  return dir;
}

async function read(dir, workers) {
  const prepare = join(folder, 'prepare.mjs');
  writeFileSync(
    prepare,
    "export const prepare = ({ fields }) => ({ pixels: { dtype: 'uint8', shape: [2, 71, 71, 3], data: fields.pixels } });\n",
  );
  const dataset = await openDataset(dir);
  const source = dataset.batchSource({ prepare, config: {}, batchSize: 64, seed: 1, workers, mode: 'train' });
  let batches = -20;
  let start = 0;
  for await (const batch of source.batches({ epoch: 0, batch: 0 })) {
    batch.release();
    if (++batches === 0) start = now();
    if (batches === 200) break;
  }
  console.log(`load, ${workers} threads: ${((200 * 64) / (now() - start)).toFixed(0)} samples of 30 KB/s`);
  await dataset.close();
}

try {
  console.log((await lmdbStatus()).detail);
  await write(1);
  const dir = await write(4);
  for (const workers of [0, 1, 2]) await read(dir, workers);
  const start = now();
  const { samples, problems } = await verifyDataset(dir);
  console.log(`verify: ${(samples / (now() - start)).toFixed(0)} samples/s, ${problems.length} problems`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
