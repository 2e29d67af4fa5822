/** A WAV file of 16-bit mono sound; what is beyond ±1 is cut off. */
export function encodeWave(sound: Float32Array, sampleRateHz: number): Uint8Array {
  const out = Buffer.alloc(44 + 2 * sound.length);
  out.write('RIFF', 0, 'latin1');
  out.writeUInt32LE(out.length - 8, 4);
  out.write('WAVEfmt ', 8, 'latin1');
  out.writeUInt32LE(16, 16);
  out.writeUInt16LE(1, 20); // PCM
  out.writeUInt16LE(1, 22); // channels
  out.writeUInt32LE(sampleRateHz, 24);
  out.writeUInt32LE(2 * sampleRateHz, 28);
  out.writeUInt16LE(2, 32); // bytes of a frame
  out.writeUInt16LE(16, 34); // bits of a sample
  out.write('data', 36, 'latin1');
  out.writeUInt32LE(2 * sound.length, 40);
  sound.forEach((value, i) => out.writeInt16LE(Math.round(32_767 * Math.min(1, Math.max(-1, value))), 44 + 2 * i));
  return new Uint8Array(out.buffer, out.byteOffset, out.length);
}
