// Writes units into a dataset until it is killed or done, and prints each one's number once it is on the disk.
// Arguments: built store, dataset folder, number of units, units in flight.
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';

const [store, dir, count, inFlight] = process.argv.slice(2);
const { openSink } = await import(store);
const header = {
  signal: 'test',
  signalVersion: 1,
  spec: { pixels: { dtype: 'uint8', shape: [null] } },
  config: {},
  configHash: '',
  corpusDigest: '',
  decoder: { name: 'none', version: '1' },
  toolVersion: '0.1.0',
  seed: 1,
  selection: {},
};
const sink = await openSink({ dir, header, shards: 2 });
let next = 0;
async function work() {
  while (next < Number(count)) {
    const n = next++;
    const source = createHash('sha256').update(String(n)).digest('hex').slice(0, 16);
    if (sink.hasUnit(source, 0)) continue;
    const samples = Array.from({ length: n % 5 }, (_, i) => ({
      key: `${source}/0/${i}`,
      fields: { pixels: new Uint8Array(2000 + ((n * 7919) % 9000)).fill(n + i) },
      provenance: { source, shot: 0, pts: [i], timeBase: [1, 25] },
    }));
    await sink.writeUnit({ source, shot: 0, samples, rejections: {} });
    writeSync(1, `${n}\n`);
  }
}
await Promise.all(Array.from({ length: Number(inFlight) }, work));
const { digest } = await sink.finish(null);
writeSync(1, `digest ${digest}\n`);
