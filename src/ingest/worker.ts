/** A process that probes one file at a time for `ingest`: what native code does to it ends no run. */
import { MediaError } from '../core/index.js';
import { decoders } from './decoders/index.js';
import { measureFile } from './probe.js';
import { writeDescription } from './sources/described.js';
import { materialise } from './sources/synthetic.js';
import type { DamagedPicture, ProbeReply, ProbeRequest } from './worker-protocol.js';

const reportEveryMs = 100;
let lastReport = 0;

async function answer({ path, decoder, config, synthetic, rate, described }: ProbeRequest): Promise<ProbeReply> {
  try {
    if (synthetic) await materialise(synthetic, path);
    if (described) writeDescription(described, path);
    const damaged: DamagedPicture[] = [];
    const onDamaged = (picture: string, why: string) => void damaged.push({ path: picture, why });
    const options = { config, rate, onDamaged, onProgress: reportProgress };
    return { kind: 'probed', damaged, ...(await measureFile(path, await decoders.load(decoder), options)) };
  } catch (error) {
    if (error instanceof MediaError) return { kind: 'failed', code: error.code, message: error.message };
    return { kind: 'broken', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
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
// The parent's interrupt is its own: it lets us finish the file in hand.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));
