import type { CodecContext, FormatContext, Packet, Stream } from 'node-av/lib';
import type { NodeAv } from './decoders/node-av.js';

/** Hands an encoder's finished packets to the muxer; `ticks` is the duration of those that have none. */
export function drainPackets(
  { lib }: NodeAv,
  context: CodecContext,
  packet: Packet,
  muxer: FormatContext,
  stream: Stream,
  ticks = 0n,
): void {
  while (context.receivePacketSync(packet) >= 0) {
    if (packet.duration <= 0n) packet.duration = ticks;
    packet.streamIndex = stream.index;
    packet.rescaleTs(context.timeBase, stream.timeBase);
    lib.FFmpegError.throwIfError(muxer.interleavedWriteFrameSync(packet), 'write');
    packet.unref();
  }
}
