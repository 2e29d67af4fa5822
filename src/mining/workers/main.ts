import { pathToFileURL } from 'node:url';
import { MediaError, type VideoSource } from '../../core/index.js';
import { decoders, openVideo, sourcePath, stampOf, type OpenVideo } from '../../ingest/index.js';
import type { AnyMiner } from '../define-miner.js';
import { mineVideo, unitedViews, type MiningSignal, type UnitId } from '../mine-video.js';
import { miners } from '../index.js';
import type { DecodedFrames, FromWorker, ToWorker, WorkerFailure, WorkerSetup } from './messages.js';

// A worker process: opens one video at a time and mines it for all signals; only samples leave it. It ends with its parent.

const unitsInFlight = 2; // sent and not yet acknowledged: one is written while the next is mined
const heartbeatMs = 1000;

const stop = new AbortController();
const never = new AbortController().signal;
let session: { readonly setup: WorkerSetup; readonly signals: readonly MiningSignal[] } | null = null;
let unacknowledged = 0;
let wake: () => void = () => {};

// Signals are the parent's, also where a terminal or scheduler sends them to every process of a job: it lets us finish the unit in hand.
for (const name of ['SIGINT', 'SIGTERM', 'SIGUSR1'] as const) process.on(name, () => {});
process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToWorker) => {
  if (message.kind === 'start') void start(message.setup);
  else if (message.kind === 'mine') void mineOne(message.source, message.units);
  else if (message.kind === 'stop') stop.abort();
  else {
    unacknowledged--;
    wake();
  }
});

async function start(setup: WorkerSetup): Promise<void> {
  const signals = await Promise.all(
    setup.signals.map(async ({ name, miner, module, config }) => ({
      name,
      config,
      miner: module === undefined ? await miners.load(miner) : await loadModule(module),
    })),
  );
  session = { setup, signals };
  await send({ kind: 'ready' });
}

async function loadModule(path: string): Promise<AnyMiner> {
  return ((await import(pathToFileURL(path).href)) as { readonly default: AnyMiner }).default;
}

async function mineOne(source: VideoSource, units: readonly UnitId[]): Promise<void> {
  let decoded: DecodedFrames = { framesDecoded: 0, framesSought: 0 };
  let failure: WorkerFailure | null = null;
  try {
    await mineAndSend(source, units, (frames) => (decoded = frames));
  } catch (error) {
    failure = describeFailure(error);
  }
  await send({ kind: 'done', ...decoded, failure });
}

async function mineAndSend(
  source: VideoSource,
  units: readonly UnitId[],
  onEnd: (decoded: DecodedFrames) => void,
): Promise<void> {
  if (!session) throw new Error('A worker was given a video before it was started.');
  const { setup, signals } = session;
  const asked = new Set(units.map((unit) => unit.signal));
  const wanted = signals.filter((signal) => asked.has(signal.name));
  assertUnchanged(source, setup.corpusRoot);
  const decoder = await decoders.load(setup.decoder);
  const views = unitedViews(wanted);
  const video = await openVideo(source, { corpusRoot: setup.corpusRoot, decoder, views, sequential: true });
  const pulse = { moved: false, framesSought: 0 };
  const decoded = (): DecodedFrames => ({
    framesDecoded: video.framesDecoded - pulse.framesSought,
    framesSought: pulse.framesSought,
  });
  const heartbeat = setInterval(() => {
    if (pulse.moved) void send({ kind: 'alive', ...decoded() });
    pulse.moved = false;
  }, heartbeatMs);
  try {
    const options = { signals: wanted, units, seed: setup.seed, stop: stop.signal, signal: never };
    for await (const { signal, unit } of mineVideo(withPulse(video, pulse), options)) {
      unacknowledged++;
      await send({ kind: 'unit', signal, unit, ...decoded() });
      await until(() => unacknowledged < unitsInFlight);
    }
    await until(() => unacknowledged === 0);
  } finally {
    clearInterval(heartbeat);
    onEnd(decoded());
    await video.close();
  }
}

/** Times and shots of the manifest hold only for the bytes that were ingested; their number is a cheap sign of others. */
function assertUnchanged(source: VideoSource, corpusRoot: string): void {
  if (source.kind !== 'file') return;
  const path = sourcePath(corpusRoot, source);
  const bytes = stampOf(path)?.bytes ?? 0;
  if (bytes === source.bytes) return;
  throw new MediaError('source-changed', `${path} has ${bytes} bytes; ${source.bytes} were ingested.`, {
    context: { path },
  });
}

/** The same video; every frame that passes is a sign of life, and what is sought is counted by itself. */
function withPulse(
  video: OpenVideo & { readonly framesDecoded: number },
  pulse: { moved: boolean; framesSought: number },
): OpenVideo {
  return {
    source: video.source,
    async *frames(shot, view) {
      for await (const frame of video.frames(shot, view)) {
        pulse.moved = true;
        yield frame;
      }
    },
    async framesAt(pts, view) {
      const before = video.framesDecoded;
      try {
        return await video.framesAt(pts, view);
      } finally {
        pulse.framesSought += video.framesDecoded - before; // nothing else is decoded while a miner waits for it
      }
    },
    audio: (span, sampleRateHz) => video.audio(span, sampleRateHz),
    async *sound(fromSeconds, sampleRateHz) {
      for await (const block of video.sound(fromSeconds, sampleRateHz)) {
        pulse.moved = true;
        yield block;
      }
    },
    close: () => video.close(),
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => (wake = resolve));
}

function describeFailure(error: unknown): WorkerFailure {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  if (error instanceof MediaError) return { code: error.code, message, stack };
  if (error instanceof RangeError && /array buffer allocation|invalid array (buffer )?length/i.test(message)) {
    return { code: 'out-of-memory', message, stack };
  }
  return { code: null, message, stack };
}

function send(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected || !process.send) process.exit(0);
    process.send(message, undefined, undefined, () => resolve());
  });
}
