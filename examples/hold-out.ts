// Trains on one half of a corpus's official split, asks the network about the other, and writes a page:
//   node examples/hold-out.ts OUT SOURCE [key=value...]      (SOURCE: synthetic:1, ucf101:DIR; settings of the task)
// (Node 22.18 and newer run TypeScript as it is.)
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lastValueFrom } from 'rxjs';
import { collectReport, evaluate, ingest, mine, renderReport, train, type Metric } from 'reelmine';

/** The held-out metrics of a network that was trained with these settings. */
export async function holdOut(out: string, source: string, set: readonly string[]): Promise<readonly Metric[]> {
  const place = (name: string) => join(out, name);
  await lastValueFrom(ingest({ corpus: place('corpus'), sources: [source] }));
  for (const role of ['train', 'test'] as const) {
    const signals = ['temporal-order'];
    await lastValueFrom(mine({ corpus: place('corpus'), signals, out: place(role), split: 1, role }));
  }
  await lastValueFrom(train({ task: 'shuffle-and-learn', data: place('train'), out: place('run'), resume: true, set }));
  const last = await lastValueFrom(evaluate({ protocol: 'temporal-order', run: place('run'), data: place('test') }));
  if (last.kind !== 'result') throw new Error('The evaluation ended without a result.');
  const data = await collectReport([place('corpus'), place('train'), place('run')], { title: 'Held out' });
  writeFileSync(place('report.html'), renderReport(data));
  return last.result.metrics;
}

const [program, out, source, ...set] = process.argv.slice(1);
if (program === fileURLToPath(import.meta.url) && out !== undefined && source !== undefined) {
  for (const { name, value, interval } of await holdOut(out, source, set)) {
    console.log(
      name,
      value.toFixed(3),
      interval ? `(95 %: ${interval.map((end) => end.toFixed(3)).join(' to ')})` : '',
    );
  }
}
