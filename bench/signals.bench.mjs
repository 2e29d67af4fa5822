// What several signals cost when they are mined from one decoding, against as many separate runs.
//
//   node bench/signals.bench.mjs CORPUS [--signals a,b,c] [--workers 2] [--rounds 3] [--limit N] [--set signal.key=value]...
//
// CORPUS is a folder that `reelmine ingest` made. The two ways run in turn, each into an empty folder. Beside them the
// limit that no way can beat: the time that decoding alone takes, with every view that the signals ask for, in as many
// workers. Digests and decoded frames are checked: a faster way that gave other bytes would be none.
//
// Last figures (motion set, --limit 24 --rounds 2): together 13.4 s, separate 13.8 s, decoding alone 2.6 s; frames decoded 1.000 of the corpus.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkConfig, mine, readCorpus, runJob } from 'reelmine';
import { openVideo, selectDecoder } from 'reelmine/ingest';
import { miners, unitedViews } from 'reelmine/mining';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    signals: { type: 'string', default: 'temporal-order,patch-triplets,clips' },
    workers: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    limit: { type: 'string' },
    set: { type: 'string', multiple: true, default: [] },
  },
});
const [corpus] = positionals;
if (corpus === undefined) throw new Error('Name a corpus: node bench/signals.bench.mjs CORPUS');
const signals = values.signals.split(',');
const workers = Number(values.workers);
const limit = values.limit === undefined ? undefined : Number(values.limit);
const scratch = mkdtempSync(join(tmpdir(), 'reelmine-bench-'));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

const run = async (names, dir) => {
  const set = values.set.flatMap((text) => {
    const [name] = text.split('.', 1);
    if (!names.includes(name)) return [];
    return names.length === 1 ? [text.slice(name.length + 1)] : [text];
  });
  const started = performance.now();
  const result = await runJob(mine({ signals: names, corpus, out: dir, workers, limit, set }));
  const seconds = (performance.now() - started) / 1000;
  rmSync(dir, { recursive: true });
  const digests = Object.fromEntries(names.map((name) => [name, result.signals[name].summary.digest]));
  return { seconds, digests, frames: result.framesDecoded };
};

const decodeAlone = async () => {
  const { sources, root } = await readCorpus(corpus);
  const { decoder } = await selectDecoder('auto');
  const loaded = await Promise.all(
    signals.map(async (name) => {
      const miner = await miners.load(name);
      return { name, miner, config: checkConfig(miner.config, {}).config };
    }),
  );
  const chosen = [...sources].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit);
  const started = performance.now();
  for (const source of chosen) {
    const views = unitedViews(loaded);
    const video = await openVideo(source, { corpusRoot: root, decoder, views, sequential: true });
    for (const shot of source.shots) for await (const frame of video.frames(shot, Object.keys(views)[0])) void frame;
    await video.close();
  }
  return {
    seconds: (performance.now() - started) / 1000 / workers,
    frames: chosen.reduce((n, s) => n + s.video.frames, 0),
  };
};

try {
  const rows = { together: [], separate: [] };
  let decoded = 0;
  for (let round = 0; round < Number(values.rounds); round++) {
    const together = await run(signals, join(scratch, 'together'));
    const separate = [];
    for (const name of signals) separate.push(await run([name], join(scratch, name)));
    for (const [i, name] of signals.entries())
      if (separate[i].digests[name] !== together.digests[name]) throw new Error(`${name}: another digest when alone.`);
    rows.together.push(together.seconds);
    rows.separate.push(separate.reduce((sum, { seconds }) => sum + seconds, 0));
    decoded = together.frames;
    const alone = separate.map(({ seconds }, i) => `${signals[i]} ${seconds.toFixed(1)} s`).join(', ');
    console.log(`round ${round + 1}: together ${together.seconds.toFixed(1)} s; ${alone}`);
  }
  const limitOf = await decodeAlone();
  const [together, separate] = [median(rows.together), median(rows.separate)];
  console.log(
    `together ${together.toFixed(2)} s, separate ${separate.toFixed(2)} s: ${(separate / together).toFixed(2)} times`,
  );
  console.log(`decoding and scaling alone, spread over ${workers}: ${limitOf.seconds.toFixed(2)} s`);
  console.log(`frames decoded ${decoded} of ${limitOf.frames}: ${(decoded / limitOf.frames).toFixed(3)}`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
