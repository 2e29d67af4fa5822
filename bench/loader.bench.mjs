// The loader against py-lmdb 3.0 (records of 30 KB) and against PyTorch's DataLoader over LMDB, WebDataset and MosaicML Streaming (pairs of patches),
// in turn on the same cores: rates, ratios, and as the limit what copying the bytes alone takes.
//   npm run build && node bench/loader.bench.mjs --python peers/bin/python [--rounds 3] [--cores 0,1] [--workers 2] [--only records,raw,float]
// `fused`: crop, flip and one colour matrix, float32; `torchvision`: the usual v2 transforms. Each peer prints its best of LMDB, WebDataset, MosaicML.
// Last figures (two cores, quiet, 2 or 3 rounds), ours over the fastest peer: durable write 0.41 (4,600 records a second, in transactions of
// eight), random read copied 0.13 the first time (with its checksum) and 0.42 again, touched 0.27 and 0.54; raw 3.36 (165 batches a second, a bare
// copy of the bytes 601), float32 with fused colour 2.70, with torchvision's v2 transforms 8.71.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openDataset, openSink } from '../dist/store/index.js';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: process.env.REELMINE_PEERS_PYTHON },
    rounds: { type: 'string', default: '3' },
    cores: { type: 'string', default: '0,1' },
    workers: { type: 'string', default: '2' },
    only: { type: 'string', default: 'records,raw,float' },
    scratch: { type: 'string', default: tmpdir() },
  },
});
if (!values.python) throw new Error('Give --python, from an environment with bench/peers/requirements.txt.');
execFileSync('taskset', ['-cap', values.cores, String(process.pid)]); // this process, and so the peers that it starts
const [rounds, workers] = [Number(values.rounds), Number(values.workers)];
const folder = mkdtempSync(join(values.scratch, 'reelmine-loader-'));
const parts = values.only.split(',');
const prepareModule = fileURLToPath(new URL('loader-prepare.mjs', import.meta.url));
const peerScript = fileURLToPath(new URL('peers/loader.py', import.meta.url));
const seconds = () => performance.now() / 1000;
const median = (rates) => [...rates].sort((a, b) => a - b)[Math.floor(rates.length / 2)];

/** Smooth random records, the same for all, as one file. */
function makeRecords(dir, facts) {
  mkdirSync(dir);
  writeFileSync(join(dir, 'facts.json'), JSON.stringify(facts));
  const bytes = 2 * facts.side * facts.side * 3;
  const file = openSync(join(dir, 'records.bin'), 'w');
  const records = Array.from({ length: facts.count }, (_, n) => {
    const data = Buffer.alloc(bytes);
    for (let i = 0; i < bytes; i++) data[i] = 128 + 90 * Math.sin(i / (50 + n)) + ((i * 7919 + n) % 23);
    writeSync(file, data);
    return data;
  });
  closeSync(file);
  return records;
}

async function write(dir, records, { side }, perUnit) {
  rmSync(dir, { recursive: true, force: true });
  const header = {
    signal: 'bench',
    signalVersion: 1,
    spec: { patches: { dtype: 'uint8', shape: [2, side, side, 3] } },
    config: {},
    configHash: '',
    corpusDigest: '',
    decoder: { name: 'none', version: '1' },
    toolVersion: '0.1.0',
    seed: 1,
    selection: {},
  };
  const sink = await openSink({ dir, header });
  const start = seconds();
  for (let first = 0; first < records.length; first += perUnit) {
    const source = ((first * 2654435761) >>> 0).toString(16).padStart(16, '0');
    const samples = records.slice(first, first + perUnit).map((data, n) => ({
      key: `${source}/0/${n}`,
      fields: { patches: new Uint8Array(data.buffer, data.byteOffset, data.length) },
      provenance: { source, shot: 0, pts: [n], timeBase: [1, 25] },
    }));
    await sink.writeUnit({ source, shot: 0, samples, rejections: {} });
  }
  const rate = records.length / (seconds() - start);
  await sink.finish(null);
  return rate;
}

/** Records a second: each of them once, when it is checked against its checksum too; then 20,000 more. Into memory that is used again. */
async function readRandomly(dir, isTouched) {
  const dataset = await openDataset(dir);
  const { samples } = dataset.summary;
  const memory = Buffer.allocUnsafeSlow(1 << 16);
  const room = () => memory;
  let sum = 0;
  const read = async (reads) => {
    const start = seconds();
    for (let i = 0; i < reads; i++) {
      const { patches } = (await dataset.sample((i * 48_271) % samples, room)).fields;
      if (isTouched) for (let at = 0; at < patches.length; at += 64) sum += patches[at];
    }
    return reads / (seconds() - start);
  };
  const rates = { first: await read(samples), again: await read(20_000) };
  await dataset.close();
  if (sum < 0) throw new Error('Bytes are not below 0.');
  return rates;
}

async function loadBatches(dir, facts, work) {
  const dataset = await openDataset(dir);
  const { batch: batchSize, batches } = facts;
  const config = { work, side: facts.side, crop: facts.crop };
  const more = { rememberBytes: 0 }; // nothing is unpacked here
  const source = dataset.batchSource({
    prepare: prepareModule,
    config,
    batchSize,
    seed: 1,
    workers,
    mode: 'train',
    ...more,
  });
  let done = -2 * workers;
  let start = 0;
  for await (const batch of source.batches({ epoch: 0, batch: 0 })) {
    batch.release();
    if (++done === 0) start = seconds();
    if (done === batches) break;
  }
  const rate = batches / (seconds() - start);
  await dataset.close();
  return rate;
}

const peer = (dir, ...more) =>
  JSON.parse(
    execFileSync(values.python, [peerScript, dir, ...more], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .at(-1),
  );

/** Runs ours and the peers' in turn, and prints medians and what ours is of the fastest peer. */
async function compare(name, unit, ours, peers) {
  const rates = { ours: [], ...Object.fromEntries(Object.keys(peers).map((key) => [key, []])) };
  for (let round = 0; round < rounds; round++) {
    rates.ours.push(await ours());
    for (const [key, run] of Object.entries(peers)) rates[key].push(run());
  }
  report(name, unit, rates);
}

function report(name, unit, rates) {
  const medians = Object.fromEntries(Object.entries(rates).map(([key, all]) => [key, median(all)]));
  const { ours: own, ...others } = medians;
  const fastest = Math.max(...Object.values(others));
  const text = Object.entries(medians).map(([key, rate]) => `${key} ${rate.toFixed(rate < 100 ? 1 : 0)}`);
  console.log(`${name}: ${text.join(', ')} ${unit}; ours / fastest peer ${(own / fastest).toFixed(2)}`);
}

try {
  if (parts.includes('records')) {
    const dir = join(folder, 'records');
    const facts = { count: 4000, side: 71, crop: 64, batch: 64, batches: 100, workers };
    const records = makeRecords(dir, facts);
    const ours = join(dir, 'ours');
    const durable = () => peer(dir, 'durable', '--per-unit', '8').rate;
    await compare('durable write, 8 a unit', 'records/s', () => write(ours, records, facts, 8), { 'py-lmdb': durable });
    peer(dir, 'write');
    for (const kind of ['copied', 'touched']) {
      const mine = { first: [], again: [] };
      const theirs = { first: [], again: [] };
      for (let round = 0; round < rounds; round++) {
        for (const [rates, found] of [
          [mine, await readRandomly(ours, kind === 'touched')],
          [theirs, peer(dir, 'random')[kind]],
        ])
          for (const when of ['first', 'again']) rates[when].push(found[when]);
      }
      for (const when of ['first', 'again'])
        report(`random read, ${kind}, ${when}`, 'records/s', { ours: mine[when], 'py-lmdb': theirs[when] });
    }
  }
  if (parts.includes('raw') || parts.includes('float')) {
    const dir = join(folder, 'pairs');
    const facts = { count: 768, side: 227, crop: 200, batch: 64, batches: 60, workers };
    const records = makeRecords(dir, facts);
    const ours = join(dir, 'ours');
    await write(ours, records, facts, 8);
    peer(dir, 'write');
    const stores = (work) =>
      Object.fromEntries(
        ['lmdb', 'webdataset', 'mosaic'].map((store) => [
          store,
          () => peer(dir, 'batches', '--store', store, '--work', work).rate,
        ]),
      );
    const copied = Buffer.alloc(facts.batch * records[0].length);
    const start = seconds();
    for (let i = 0; i < 20; i++) for (let n = 0; n < facts.batch; n++) copied.set(records[n], n * records[n].length);
    console.log(`limit: ${(20 / (seconds() - start)).toFixed(0)} raw batches/s are copied once on one core`);
    if (parts.includes('raw'))
      await compare(
        'raw uint8 [64, 2, 227, 227, 3]',
        'batches/s',
        () => loadBatches(ours, facts, 'raw'),
        stores('raw'),
      );
    if (parts.includes('float')) {
      const fused = () => loadBatches(ours, facts, 'fused');
      await compare('float32 [64, 2, 200, 200, 3], fused colour', 'batches/s', fused, stores('fused'));
      await compare('the same, usual torchvision v2', 'batches/s', fused, stores('torchvision'));
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
