// Ten million small records: how long opening and the first batch take, and that memory does not grow with them.
// Run after npm run build: node bench/many-records.bench.mjs [--samples 10000000] [--dir DIR: kept, and used again]
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sha256 } from '../dist/core/index.js';
import { openDataset, openSink } from '../dist/store/index.js';

const options = {
  samples: { type: 'string', default: '10000000' },
  dir: { type: 'string' },
  workers: { type: 'string', default: '2' },
};
const { values } = parseArgs({ options });
const samples = Number(values.samples);
const perUnit = 1000;
const spec = { features: { dtype: 'uint8', shape: [16] }, label: { dtype: 'int32', shape: [] } };
const header = {
  signal: 'bench',
  signalVersion: 1,
  spec,
  config: {},
  configHash: '',
  corpusDigest: '',
  decoder: { name: 'none', version: '1' },
  toolVersion: '0',
  seed: 1,
  selection: {},
};
const seconds = (from) => ((performance.now() - from) / 1000).toFixed(2);
const megabytes = () => Math.round(process.memoryUsage().rss / 1e6);

function makeUnit(n) {
  const source = sha256(String(n)).slice(0, 16);
  const list = Array.from({ length: perUnit }, (_, i) => ({
    key: `${source}/0/${i}`,
    fields: { features: new Uint8Array(16).fill(n + i), label: i % 10 },
    provenance: { source, shot: 0, pts: [i], timeBase: [1, 25] },
  }));
  return { source, shot: 0, samples: list, rejections: {} };
}

async function write(dir) {
  let start = performance.now();
  const sink = await openSink({ dir, header, shards: 8 });
  for (let n = 0; n * perUnit < samples; n += 8)
    await Promise.all(
      Array.from({ length: 8 }, (_, i) => (n + i) * perUnit < samples && sink.writeUnit(makeUnit(n + i))),
    );
  console.log(`written in ${seconds(start)} s, ${megabytes()} MB resident`);
  start = performance.now();
  const { bytes } = await sink.finish(null);
  console.log(`closed in ${seconds(start)} s, ${megabytes()} MB resident; ${(bytes / 1e9).toFixed(2)} GB of records`);
}

async function read(dir, prepare) {
  const before = megabytes();
  const start = performance.now();
  const dataset = await openDataset(dir);
  console.log(`opened in ${seconds(start)} s: ${dataset.size} samples, the last ${dataset.key(dataset.size - 1)}`);
  const source = dataset.batchSource({
    prepare,
    config: {},
    batchSize: 256,
    seed: 1,
    workers: Number(values.workers),
    mode: 'train',
  });
  let batches = 0;
  for await (const batch of source.batches({ epoch: 0, batch: 0 })) {
    batch.release();
    if (++batches === 1)
      console.log(`first batch after ${seconds(start)} s, ${megabytes() - before} MB more than before`);
    if (batches % 400 === 0)
      console.log(`${batches} batches after ${seconds(start)} s, ${megabytes() - before} MB more`);
    if (batches === 1200) break;
  }
  await dataset.close();
}

const kept = values.dir;
const folder = mkdtempSync(join(tmpdir(), 'reelmine-many-'));
try {
  const dir = kept ?? join(folder, 'mined');
  const prepare = join(folder, 'prepare.mjs');
  writeFileSync(
    prepare,
    "export const prepare = ({ fields }) => ({ features: { dtype: 'uint8', shape: [16], data: fields.features } });\n",
  );
  if (!existsSync(join(dir, '00000.json'))) await write(dir);
  await read(dir, prepare);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
