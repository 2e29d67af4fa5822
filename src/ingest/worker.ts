/** A process that probes one file at a time for `ingest`: what native code does to it ends no run. */
import { MediaError } from '../core/index.js';
import { decoders } from './decoders/index.js';
import { probeFile } from './probe.js';
import { writeDescription } from './sources/described.js';
import { materialise } from './sources/synthetic.js';
import type { DamagedPicture, ProbeReply, ProbeRequest } from './worker-protocol.js';

async function answer({ path, decoder, config, synthetic, rate, described }: ProbeRequest): Promise<ProbeReply> {
  try {
    if (synthetic) await materialise(synthetic, path);
    if (described) writeDescription(described, path);
    const damaged: DamagedPicture[] = [];
    const onDamaged = (picture: string, why: string) => void damaged.push({ path: picture, why });
    const probed = await probeFile(path, await decoders.load(decoder), { config, rate, onDamaged });
    return { kind: 'probed', probed, damaged };
  } catch (error) {
    if (error instanceof MediaError) return { kind: 'failed', code: error.code, message: error.message };
    return { kind: 'broken', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.on('message', (request: ProbeRequest) => {
  void answer(request).then((reply) => process.send!(reply));
});
// The parent's interrupt is its own: it lets us finish the file in hand.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));
