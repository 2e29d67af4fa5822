import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { ConfigError, folderKind, hashJson, writeFileWhole } from '../../core/index.js';
import type * as Reelmine from '../../index.js';
import type { EvaluateSummary, MineOptions, MineSummary, ReportData } from '../../index.js';
import {
  addCommonOptions,
  runCommand,
  type CommandContext,
  type CommandOutcome,
  type CommonOptions,
} from '../command.js';
import { exitCodes } from '../exit.js';
import { formatSeconds } from '../terminal.js';
import { describeCounts, describeFailures, describeMetrics } from '../text.js';

interface DemoOptions extends CommonOptions {
  readonly out: string;
  readonly videos?: string;
  readonly steps?: number;
  readonly decoder: string;
  readonly engine: string;
}

type Selection = Pick<MineOptions, 'split' | 'role' | 'only'>;

/** Sources of the user's own files are held out by the hash of their ids: one in so many. */
const heldOutOneIn = 4;

/** What WebAssembly gets through in the time that the rest of the demo takes; about a quarter of the work. */
const lighterTraining = ['batchSize=32', 'steps=150'];

/** `reelmine demo [--videos DIR] --out DIR`. */
export default function addDemo(program: Command): void {
  addCommonOptions(
    program
      .command('demo')
      .description('the whole way on a small corpus that it makes itself, or on your own files')
      .option('--videos <dir>', 'your own files instead of the generated ones')
      .requiredOption('--out <dir>', 'folder of the results; running again goes on where it stopped')
      .addOption(new Option('--decoder <name>', 'libav, ffmpeg or auto').default('auto'))
      .addOption(new Option('--engine <name>', 'tensorflow, wasm, cpu or auto').default('auto')),
  ).action((options: DemoOptions) => runCommand('demo', options, (context) => runDemo(options, context)));
}

async function runDemo(
  options: DemoOptions,
  { terminal, onEvent, stop, now }: CommandContext,
): Promise<CommandOutcome> {
  const reelmine = await import('../../index.js');
  const { runJob } = reelmine;
  const { out, videos, decoder, engine, seed, workers, limit } = options;
  const started = now().getTime();
  const place = (name: string) => join(out, name);
  const common = { decoder, seed, workers };
  const source = videos ?? `synthetic:${seed}`;
  const say = (text: string) => options.quiet !== true && terminal.log(text);

  say(`1/5 ingest ${source}`);
  const ingested = await runJob(
    reelmine.ingest({ ...common, sources: [source], corpus: place('corpus'), limit }, stop),
    onEvent,
  );
  const corpus = await reelmine.readCorpus(place('corpus'));
  if (corpus.sources.length === 0) {
    const why = ['Nothing could be ingested.', ...describeFailures(ingested.failures)].join('\n');
    return { counts: ingested.counts, outputs: [place('corpus')], text: why, exitCode: exitCodes.nothing };
  }
  stopIfAsked(stop);

  const labelled = corpus.sources.some((each) => Object.keys(each.benchmarks).length > 0);
  const { train, test }: Record<'train' | 'test', Selection> = labelled
    ? { train: { split: 1, role: 'train' }, test: { split: 1, role: 'test' } }
    : splitByHash(corpus.sources.map(({ id }) => id));
  const mineInto = (name: string, selection: Selection): Promise<MineSummary> =>
    runJob(
      reelmine.mine(
        {
          ...common,
          ...selection,
          signals: ['temporal-order'],
          corpus: place('corpus'),
          out: place(name),
          set: ['imageWidth=112', 'imageHeight=112'],
        },
        stop,
      ),
      onEvent,
    );
  say('2/5 mine temporal order, for training and held out');
  const mined = await mineInto('mined', train);
  stopIfAsked(stop);
  const heldOut = await mineInto('held-out', test);
  stopIfAsked(stop);
  const [found, tested] = [mined, heldOut].map(({ signals }) => signals['temporal-order']?.summary);
  if (!found || found.samples === 0 || !tested || tested.samples === 0) {
    const refused = Object.entries(found?.rejections ?? {}).map(([code, count]) => `${count} ${code}`);
    const text = `Too little was mined to train and test on: ${found?.samples ?? 0} and ${tested?.samples ?? 0} samples; refused: ${refused.join(', ') || 'nothing'}.`;
    return { counts: mined.counts, outputs: [place('mined')], text, exitCode: exitCodes.nothing };
  }

  say('3/5 train shuffle-and-learn');
  let backend = '';
  const { name: engineName } = await reelmine.selectBackend(engine);
  const lighter = engineName === 'tensorflow' ? [] : lighterTraining;
  if (lighter.length > 0) say(`    ${engineName} is slower than tensorflow: trains with ${lighter.join(', ')}`);
  const trained = await runJob(
    reelmine.train(
      {
        task: 'shuffle-and-learn',
        data: place('mined'),
        out: place('run'),
        engine,
        file: options.config,
        set: ['preset=small', ...lighter, ...options.set],
        seed,
        workers: 1,
        resume: folderKind(place('run')) === 'run',
        onBackend: (line) => {
          backend = line;
          say(`    engine: ${line}`);
        },
      },
      stop,
    ),
    onEvent,
  );
  stopIfAsked(stop);

  say('4/5 evaluate beside chance and untrained weights');
  const score = (protocol: string, data: string): Promise<EvaluateSummary> =>
    runJob(
      reelmine.evaluate({ protocol, run: place('run'), data, seed, decoder, engine, partial: true }, stop),
      onEvent,
    );
  const tuples = await score('temporal-order', place('held-out'));
  const results = [tuples];
  if (labelled) results.push(await score('action-recognition', place('corpus')));
  stopIfAsked(stop);

  say('5/5 report');
  const verdict = judge(reelmine, tuples);
  const seconds = (now().getTime() - started) / 1000;
  const data = await reelmine.collectReport([place('corpus'), place('mined'), place('run')], {
    title: videos === undefined ? 'From video to a trained model' : `From ${videos} to a trained model`,
  });
  writeFileWhole(
    place('report.html'),
    reelmine.renderReport(completeReport(data, { verdict, backend, seconds, source })),
  );
  const { failed } = ingested.counts;
  const failures = [...ingested.failures, ...mined.failures, ...heldOut.failures];
  return {
    counts: { done: corpus.sources.length, skipped: 0, failed: failures.length },
    outputs: [place('report.html'), place('corpus'), place('mined'), place('held-out'), place('run')],
    text: [
      `${describeCounts({ ...ingested.counts, done: corpus.sources.length, skipped: 0, failed }, 'videos')}; ${found.samples} samples mined, ${tested.samples} held out`,
      `trained ${trained.steps} steps; engine ${backend}`,
      '',
      ...results.flatMap((result) => [result.protocol, describeMetrics(result.metrics, result.rivals), '']),
      verdict.text,
      `${place('report.html')} written after ${formatSeconds(seconds)}`,
      ...describeFailures(failures),
    ].join('\n'),
    more: {
      digest: found.digest,
      engine: backend,
      framesDecoded: mined.framesDecoded + heldOut.framesDecoded,
      results: results.map(({ protocol, metrics, rivals }) => ({ protocol, metrics, rivals })),
      excludesChance: verdict.excludesChance,
    },
    exitCode: verdict.excludesChance && failures.length === 0 ? exitCodes.done : exitCodes.failures,
  };
}

/** A stopped job has saved what it did; running the demo again goes on from there. */
function stopIfAsked(stop: AbortSignal): void {
  if (stop.aborted) throw new ConfigError('Stopped; run the same command again to go on.', { code: 'stopped' });
}

function splitByHash(ids: readonly string[]): {
  readonly train: { readonly only: readonly string[] };
  readonly test: { readonly only: readonly string[] };
} {
  const ordered = [...ids].sort((a, b) => (hashJson(a) < hashJson(b) ? -1 : 1));
  const held = Math.max(1, Math.floor(ids.length / heldOutOneIn));
  if (ids.length < 2)
    throw new ConfigError('The demo needs at least two usable videos: one to train on and one to test on.');
  return { train: { only: ordered.slice(held) }, test: { only: ordered.slice(0, held) } };
}

/** Whether held-out tuple accuracy is more than luck, and how it stands beside the strongest simple rule. */
function judge(
  { chanceVerdict, rivalVerdict }: typeof Reelmine,
  { metrics, rivals }: EvaluateSummary,
): { readonly excludesChance: boolean; readonly text: string } {
  const accuracy = metrics.find(({ name }) => name === 'balancedAccuracy');
  if (!accuracy) return { excludesChance: false, text: 'Held-out tuple accuracy was not measured.' };
  const chance = chanceVerdict(accuracy, rivals);
  const rival = rivalVerdict(accuracy, rivals);
  return { excludesChance: chance.side === 'better', text: [chance.text, ...(rival ? [rival.text] : [])].join(' ') };
}

function completeReport(
  data: ReportData,
  {
    verdict,
    backend,
    seconds,
    source,
  }: {
    readonly verdict: { readonly text: string };
    readonly backend: string;
    readonly seconds: number;
    readonly source: string;
  },
): ReportData {
  return {
    ...data,
    summary: verdict.text,
    facts: [
      { label: 'engine', value: backend },
      { label: 'took', value: formatSeconds(seconds) },
    ],
    commands: [
      { purpose: 'read the videos', command: `reelmine ingest ${source} --corpus corpus` },
      {
        purpose: 'mine the training videos',
        command:
          'reelmine mine temporal-order --corpus corpus --out mined --split 1 --set imageWidth=112 --set imageHeight=112',
      },
      { purpose: 'train', command: 'reelmine train shuffle-and-learn --data mined --out run --set preset=small' },
      { purpose: 'score on held-out samples', command: 'reelmine eval temporal-order --run run --data held-out' },
      {
        purpose: 'score action recognition',
        command: 'reelmine eval action-recognition --run run --data corpus --partial',
      },
    ],
  };
}
