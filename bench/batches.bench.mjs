// Prepared samples a second from the shards of a dataset, as training gets them, and the peak memory of this process with its loader threads.
//   npm run build && node bench/batches.bench.mjs TASK --data DATASET [--set preset=small] [--workers 1] [--seconds 15]
import { parseArgs } from 'node:util';
import { resolveTaskConfig, tasks } from '../dist/models/index.js';
import { openDataset } from '../dist/store/index.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string' },
    set: { type: 'string', multiple: true, default: ['preset=small'] },
    workers: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '15' },
  },
});
if (!positionals[0] || !options.data) throw new Error('Give a task, and --data with a dataset of its signal.');
const task = await tasks.load(positionals[0]);
const { config } = resolveTaskConfig(task, { set: options.set });
const dataset = await openDataset(options.data);
const { prepare } = task;
const { batchSize } = config;
const source = dataset.batchSource({
  prepare,
  config,
  batchSize,
  seed: 1,
  mode: 'train',
  workers: Number(options.workers),
});
let [samples, bytes, began] = [0, 0, 0];
for await (const { keys, arrays, release } of source.batches({ epoch: 0, batch: 0 })) {
  release?.();
  if (began === 0)
    began = performance.now(); // threads have started
  else {
    samples += keys.length;
    for (const { data } of Object.values(arrays)) bytes += data.byteLength;
  }
  release?.();
  if (performance.now() - began > 1000 * Number(options.seconds)) break;
}
const seconds = (performance.now() - began) / 1000;
await source.close();
await dataset.close();
const memory = process.resourceUsage().maxRSS / 1024;
console.log(
  `${task.name}, ${options.set.join(' ')}, batches of ${batchSize}, ${options.workers} loader threads, ${dataset.size} samples: ` +
    `${(samples / seconds).toFixed(0)} samples a second, ${(bytes / seconds / 2 ** 20).toFixed(0)} MiB a second prepared, peak ${memory.toFixed(0)} MiB`,
);
