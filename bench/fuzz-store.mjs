// Damages records and shard files at random, and looks that nothing crashes and that no wrong sample is given for a right one.
// Run after npm run build: node bench/fuzz-store.mjs [--seed 1] [--seconds 60]
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkFields, createRandom, hashJson, StoreError } from '../dist/core/index.js';
import { openDataset, openSink, repairDataset, verifyDataset } from '../dist/store/index.js';
import { decodeSample, encodeSample } from '../dist/store/sample-codec.js';

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, seconds: { type: 'string', default: '60' } },
});
const random = createRandom(Number(values.seed));
const until = performance.now() + 1000 * Number(values.seconds);
const spec = {
  pixels: { dtype: 'uint8', shape: [null] },
  times: { dtype: 'int64', shape: [null] },
  flow: { dtype: 'float32', shape: [null, 2] },
  pictures: { dtype: 'image', shape: [null] },
  words: { dtype: 'string', shape: [null] },
  label: { dtype: 'int32', shape: [] },
};
const config = {};
const header = {
  signal: 'fuzz',
  signalVersion: 1,
  spec,
  config,
  configHash: hashJson(config),
  corpusDigest: '',
  decoder: { name: 'none', version: '1' },
  toolVersion: '0',
  seed: 1,
  selection: {},
};
const bytes = (length) => Uint8Array.from({ length }, () => random.int(256));
const counts = {
  records: 0,
  refused: 0,
  shards: 0,
  refusedReads: 0,
  soundReads: 0,
  refusedLabels: 0,
  soundLabels: 0,
  repairs: 0,
};

function makeSample(source, shot, n) {
  const fields = {
    pixels: bytes(random.int(5) === 0 ? 5000 : random.int(300)),
    times: BigInt64Array.from({ length: random.int(4) }, () => BigInt(random.int(2 ** 31)) << 20n),
    flow: Float32Array.from({ length: 2 * random.int(6) }, () => random.normal()),
    pictures: Array.from({ length: random.int(3) }, () => ({ image: 'jpeg', data: bytes(random.int(40)) })),
    words: Array.from({ length: random.int(3) }, () => 'frame'.repeat(random.int(5))),
    label: random.int(1000),
  };
  return { key: `${source}/${shot}/${n}`, fields, provenance: { source, shot, pts: [n, n + 1], timeBase: [1, 25] } };
}

/** Bits, bytes, runs, pieces moved, ends cut off. */
function damage(sound, unit) {
  let out = Buffer.from(sound);
  for (let n = 1 + random.int(4); n > 0; n--) {
    const at = random.int(out.length);
    const kind = random.int(6);
    if (kind === 0) out[at] ^= 1 << random.int(8);
    else if (kind === 1) out[at] = random.int(256);
    else if (kind === 2) out.fill(random.int(256), at, Math.min(out.length, at + 1 + random.int(unit)));
    else if (kind === 3) out.copy(out, random.int(out.length), at, at + 1 + random.int(unit));
    else if (kind === 4) out = out.subarray(0, Math.max(1, out.length - random.int(unit)));
    else
      for (let i = 0; i < 8; i++)
        out[Math.min(out.length - 1, Math.floor(at / unit) * unit + random.int(48))] = random.int(256); // page headers
  }
  return out;
}

function onlyStoreErrors(error) {
  if (!(error instanceof StoreError)) throw error;
}

function fuzzRecord() {
  const sample = makeSample('0123456789abcdef', 0, 0);
  const mutated = damage(encodeSample(spec, sample), 64);
  counts.records++;
  try {
    const read = decodeSample(spec, sample.key, mutated);
    checkFields(spec, read.fields); // what comes out is of the spec, whatever went in
    const again = encodeSample(spec, read);
    if (Buffer.compare(encodeSample(spec, decodeSample(spec, sample.key, again)), again) !== 0)
      throw new Error('a record does not come back');
  } catch (error) {
    onlyStoreErrors(error);
    counts.refused++;
  }
}

async function writeDataset(dir) {
  const sink = await openSink({ dir, header, shards: 1 });
  const originals = new Map();
  for (let n = 0; n < 40; n++) {
    const source = hashJson(n).slice(0, 16);
    const samples = Array.from({ length: random.int(6) }, (_, i) => makeSample(source, n, i));
    for (const sample of samples) originals.set(sample.key, encodeSample(spec, sample));
    await sink.writeUnit({ source, shot: n, samples, rejections: {} });
  }
  const labelled = [...originals.keys()].filter((key) => labelOf(key));
  await sink.finish({ labels: new Map(labelled.map((key) => [key, labelOf(key)])), artefacts: {} });
  return originals;
}

/** Every other sample has one. */
function labelOf(key) {
  return key.charCodeAt(3) % 2 === 0 ? { name: `label of ${key}`, number: key.length } : null;
}

function assertSame(sample, originals, keys, ordinal) {
  const same =
    sample.key === keys[ordinal] && Buffer.compare(encodeSample(spec, sample), originals.get(sample.key)) === 0;
  if (!same) throw new Error(`a wrong sample was given for ${keys[ordinal]}: ${sample.key}`);
  counts.soundReads++;
}

async function readAll(dir, originals, keys) {
  const dataset = await openDataset(dir);
  try {
    for (const ordinal of keys.keys()) {
      try {
        for (let times = 0; times < 2; times++) assertSame(await dataset.sample(ordinal), originals, keys, ordinal);
      } catch (error) {
        onlyStoreErrors(error);
        counts.refusedReads++;
      }
      try {
        const label = dataset.label(keys[ordinal]);
        if (JSON.stringify(label) !== JSON.stringify(labelOf(keys[ordinal])))
          throw new Error(`a wrong label was given for ${keys[ordinal]}: ${JSON.stringify(label)}`);
        counts.soundLabels++;
      } catch (error) {
        onlyStoreErrors(error);
        counts.refusedLabels++;
      }
    }
    let ordinal = 0;
    for await (const sample of dataset.samples()) assertSame(sample, originals, keys, ordinal++);
    if (ordinal !== keys.length) throw new Error(`${ordinal} of ${keys.length} samples were given without a word`);
  } finally {
    await dataset.close();
  }
}

/** LMDB itself opens the file and writes to it: a crash ends this process. */
async function writeOn(dir) {
  const sink = await openSink({ dir, header });
  try {
    for await (const sample of sink.samples()) void sample;
    await sink.writeUnit({
      source: 'f'.repeat(16),
      shot: 1,
      samples: [makeSample('f'.repeat(16), 1, 0)],
      rejections: {},
    });
    await sink.finish(null);
  } finally {
    await sink.close();
  }
}

async function fuzzShard(dir, { sound, originals, keys }) {
  const shard = join(dir, '00000.mdb');
  const mutated = damage(sound.get('00000.mdb'), 4096);
  if (mutated.equals(sound.get('00000.mdb'))) return;
  const restore = () => {
    for (const name of readdirSync(dir)) rmSync(join(dir, name));
    for (const [name, content] of sound) writeFileSync(join(dir, name), content);
  };
  restore();
  writeFileSync(shard, mutated);
  counts.shards++;
  // A file of the right length: else it is refused at once.
  const stats = JSON.parse(sound.get('00000.json'));
  writeFileSync(join(dir, '00000.json'), JSON.stringify({ ...stats, bytes: mutated.length }));
  await readAll(dir, originals, keys).catch(onlyStoreErrors);
  if ((await verifyDataset(dir)).problems.length === 0) throw new Error('verify finds nothing wrong');
  if (counts.shards % 2 === 0) await writeOn(dir).catch(onlyStoreErrors);
  else {
    await repairDataset(dir, async () => null);
    counts.repairs++;
    const { problems, samples } = await verifyDataset(dir);
    if (problems.length > 0) throw new Error(`a repair left damage: ${problems[0]}`);
    const dataset = await openDataset(dir);
    for await (const sample of dataset.samples()) assertSame(sample, originals, [sample.key], 0);
    if (dataset.size !== samples) throw new Error('a repair counts wrongly');
    await dataset.close();
  }
}

const dir = mkdtempSync(join(tmpdir(), 'reelmine-fuzz-'));
try {
  const originals = await writeDataset(dir);
  const sound = new Map(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))]));
  const keys = [...originals.keys()].sort();
  while (performance.now() < until || counts.shards < 6) {
    for (let i = 0; i < 200; i++) fuzzRecord();
    await fuzzShard(dir, { sound, originals, keys });
  }
  console.log(JSON.stringify({ seed: Number(values.seed), ...counts }));
} finally {
  rmSync(dir, { recursive: true, force: true });
}
