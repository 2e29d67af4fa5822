/** A process that probes one file at a time for `ingest`: what native code does to it ends no run. */
import { MediaError } from '../core/index.js';
import { decoders } from './decoders/index.js';
import { mediaError } from './decoders/media-error.js';
import { measureFile } from './probe.js';
import { writeDescription } from './sources/described.js';
import { materialise } from './sources/synthetic.js';
import type { DamagedPicture, ProbeReply, ProbeRequest } from './worker-protocol.js';

const reportEveryMs = 100;
let lastReport = 0;
/** What a system answers that gives this process no more, whatever it reads. */
const ownLimits: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

async function answer(request: ProbeRequest): Promise<ProbeReply> {
  const { path, synthetic, described } = request;
  try {
    if (synthetic) await materialise(synthetic, path);
    if (described) writeDescription(described, path);
    return await measure(request);
  } catch (error) {
    if (error instanceof MediaError) return { kind: 'failed', code: error.code, message: error.message };
    return { kind: 'broken', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

async function measure({ path, decoder, config, rate }: ProbeRequest): Promise<ProbeReply> {
  const damaged: DamagedPicture[] = [];
  const onDamaged = (picture: string, why: string) => void damaged.push({ path: picture, why });
  const options = { config, rate, onDamaged, onProgress: reportProgress };
  try {
    return { kind: 'probed', damaged, ...(await measureFile(path, await decoders.load(decoder), options)) };
  } catch (error) {
    throw isUnreadable(error) ? mediaError('file-missing', path, error.message, error) : error;
  }
}

/** A disk or server that fails, or a file that goes while it is read, is that file's failure and nobody's bug. */
function isUnreadable(error: unknown): error is NodeJS.ErrnoException {
  const { code = '', syscall = '' } = error as Partial<NodeJS.ErrnoException>;
  return ['open', 'read', 'stat', 'fstat', 'scandir'].includes(syscall) && !ownLimits.has(code);
}

function reportProgress(): void {
  const now = performance.now();
  if (now - lastReport < reportEveryMs) return;
  lastReport = now;
  send({ kind: 'progress' });
}

function send(reply: ProbeReply): void {
  process.send!(reply);
}

process.on('message', (request: ProbeRequest) => {
  void answer(request).then(send);
});
// Signals are the parent's, also where a scheduler sends them to every process of a job: it lets us finish the file in hand.
for (const name of ['SIGINT', 'SIGTERM', 'SIGUSR1'] as const) process.on(name, () => {});
process.on('disconnect', () => process.exit(0));
