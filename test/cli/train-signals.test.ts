import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashJson, readJsonLines, type DatasetHeader } from '../../src/core/index.js';
import { temporalOrderSample } from '../../src/mining/temporal-order/sample.js';
import { openSink } from '../../src/store/index.js';
import { makeRecord } from '../models/shuffle-and-learn/records.js';
import { runCli } from './run-cli.js';

const dir = mkdtempSync(join(tmpdir(), 'reelmine-signals-'));
const data = join(dir, 'data');
const set = (...values: string[]) => values.flatMap((value) => ['--set', value]);
const train = (out: string, ...more: string[]) => [
  'train',
  'shuffle-and-learn',
  '--data',
  data,
  '--out',
  join(dir, out),
  '--json',
  '--workers',
  '1',
  ...more,
];
const settings = set(
  'preset=tiny',
  'steps=60',
  'accumulateSteps=2',
  'emaDecay=0.9',
  'logEverySteps=5',
  'checkpointEverySteps=40',
);

beforeAll(async () => {
  const header: DatasetHeader = {
    signal: 'temporal-order',
    signalVersion: 1,
    spec: temporalOrderSample,
    config: {},
    configHash: hashJson({}),
    corpusDigest: '0'.repeat(64),
    decoder: { name: 'libav', version: '0' },
    toolVersion: '0',
    seed: 1,
    selection: {},
  };
  const sink = await openSink({ dir: data, header });
  for (let n = 0; n < 16; n++) {
    const record = await makeRecord(n);
    await sink.writeUnit({ source: record.provenance.source, shot: 0, samples: [record], rejections: {} });
  }
  await sink.finish(null);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Trained {
  readonly ok: boolean;
  readonly steps: number;
  readonly finished: boolean;
}

describe('a training that is asked to stop', () => {
  it(
    'saves and ends with 143 on SIGTERM and 75 on SIGUSR1, and goes on to the very weights of one that was not',
    { timeout: 120_000 },
    async () => {
      const whole = await runCli(train('whole', ...settings));
      expect(whole.status, whole.stderr).toBe(0);
      const reached: number[] = [];
      for (const [signal, code] of [
        ['SIGTERM', 143],
        ['SIGUSR1', 75],
      ] as const) {
        const stopped = await runStopped(
          train('stopped', '--resume', '--progress', 'json', ...settings),
          signal,
          (reached.at(-1) ?? 0) + 8,
        );
        expect(stopped.status, stopped.stderr).toBe(code);
        const { ok, steps, finished } = stopped.json<Trained>();
        expect([ok, finished]).toEqual([false, false]);
        expect(readFileSync(join(dir, 'stopped/checkpoints/latest'), 'utf8')).toBe(
          `step-${String(steps).padStart(8, '0')}\n`,
        );
        reached.push(steps);
      }
      expect(reached[1]).toBeGreaterThan(reached[0]!);
      const last = await runCli(train('stopped', '--resume', ...settings));
      expect(last.json<Trained>()).toMatchObject({ ok: true, steps: 60, finished: true });
      const losses = (out: string) =>
        readJsonLines<{ step: number; loss: number }>(join(dir, out, 'metrics.jsonl')).map(({ step, loss }) => [
          step,
          loss,
        ]);
      expect(losses('stopped')).toEqual(losses('whole'));
      for (const name of ['weights', 'weights-averaged', 'optimizer']) {
        const file = (out: string) => readFileSync(join(dir, out, `checkpoints/step-00000060/${name}.safetensors`));
        expect(file('stopped').equals(file('whole')), name).toBe(true);
      }
    },
  );
});

describe('a training that is only planned', () => {
  it('shows every layer with its parameters and operations', async () => {
    const args = train('planned', '--plan', ...set('preset=tiny', 'steps=10', 'accumulateSteps=2'));
    const { parameters, flops, plan } = (await runCli(args)).json<{
      parameters: number;
      flops: number;
      plan: {
        network: { name: string; flops: number }[];
        epochs: number;
        measured: number;
        estimate: { seconds: number; secondsPerStep: number };
        bytes: { data: number; checkpoints: number; resident: number };
      };
    }>();
    expect(parameters).toBe(6514);
    expect(plan.network.reduce((sum, layer) => sum + layer.flops, 0)).toBe(flops);
    expect(plan.epochs).toBe((10 * 2 * 4) / 16);
    const { measured, estimate, bytes } = plan;
    expect(measured).toBeGreaterThan(0);
    expect(estimate.secondsPerStep).toBeGreaterThan(0);
    expect(estimate.seconds).toBeGreaterThan(9 * estimate.secondsPerStep);
    expect(bytes.data).toBeGreaterThan(0);
    expect(bytes.checkpoints).toBeGreaterThan(4 * 2 * 4 * 6514); // weights and momentum, three checkpoints and the best
    expect(existsSync(join(dir, 'planned'))).toBe(false);
    const text = (await runCli(args.filter((word) => word !== '--json'))).stdout;
    expect(text).toMatch(/fc6 +dense +3×32 /);
    expect(text).toMatch(/total +6,514 /);
  });
});

/** Sends a signal once so many steps are done. */
async function runStopped(args: readonly string[], signal: NodeJS.Signals, afterSteps: number) {
  return runCli(args, {
    killSignal: signal,
    killWhen: (stderr) => [...stderr.matchAll(/"done":(\d+)/g)].some(([, done]) => Number(done) >= afterSteps),
  });
}
