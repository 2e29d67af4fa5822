import { createLogMel } from './log-mel.js';

/** Dark violet over red to pale yellow, for loudness from 0 to 1: corners between which colours go evenly. */
const corners = [
  [5, 4, 25],
  [72, 16, 110],
  [180, 54, 90],
  [246, 140, 50],
  [252, 250, 190],
] as const;
const hopSeconds = 0.01;
const bands = 96;
const loudestOver = 12; // nats from the softest shown to the loudest: 52 dB

/** A sound's log-mel spectrogram as a picture: time to the right, pitch upwards; uint8 [height, width, 3]. */
export function drawSpectrogram(
  sound: Float32Array,
  sampleRateHz: number,
): { readonly data: Uint8Array; readonly width: number; readonly height: number } {
  const mel = createLogMel({
    sampleRateHz,
    hopSeconds,
    bands,
    lowestHertz: 20,
    windowSeconds: 0.032,
    floor: 1e-9,
  });
  const rows = mel.spectrogram(sound);
  const width = Math.max(1, rows.length / bands);
  const loudest = rows.reduce((a, b) => Math.max(a, b), -Infinity);
  const data = new Uint8Array(width * bands * 3);
  for (let i = 0; i < rows.length; i++) {
    const [x, y] = [Math.floor(i / bands), bands - 1 - (i % bands)];
    data.set(colourOf(1 + (rows[i]! - loudest) / loudestOver), 3 * (y * width + x));
  }
  return { data, width, height: bands };
}

function colourOf(level: number): readonly number[] {
  const place = Math.min(0.9999, Math.max(0, level)) * (corners.length - 1);
  const [low, high] = [corners[Math.floor(place)]!, corners[Math.floor(place) + 1]!];
  return low.map((value, c) => Math.round(value + (high[c]! - value) * (place % 1)));
}
