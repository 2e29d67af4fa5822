import type { SampleSpec } from '../../core/index.js';

/** How many numbers describe a window of sound. */
export const statisticsCount = 502;

/**
 * A frame and what sounds around it. Which cluster the sound is in is not here: the stage over the whole dataset gives each
 * sample `label`, `bits`, `distance` and `margin` in the dataset's labels, so that clustering anew writes no picture again.
 */
export const audioClusterSample = {
  /** The frame, short side 256 at most, JPEG. Its time is in the sample's `pts`. */
  image: { dtype: 'image', shape: [] },
  /** Statistics of the window, not standardised: 32 means, 32 spreads, 117 correlations, 320 modulations, loudness. */
  statistics: { dtype: 'float32', shape: [statisticsCount] },
  /** Root of the mean square of the window's mono sound, dB below full scale. */
  rms: { dtype: 'float32', shape: [] },
  /** Largest sample of any channel, dB below full scale. */
  peak: { dtype: 'float32', shape: [] },
  /** Share of the window's 50 ms frames that are silent, 0–1. */
  silence: { dtype: 'float32', shape: [] },
  /** How regularly it pulses, 0–1: high in music. */
  pulse: { dtype: 'float32', shape: [] },
  /** How much of its energy is in steady tones, 0–1: high in music. */
  harmonic: { dtype: 'float32', shape: [] },
  /** How much of its modulation is at the pace of syllables, 0–1: high in speech. */
  syllabic: { dtype: 'float32', shape: [] },
  /** Start and end of the window, seconds on the video's clock. */
  window: { dtype: 'float64', shape: [2] },
  /** The window's mono sound at 20,000 Hz, half precision, where the dataset keeps it. */
  audio: { dtype: 'float16', shape: [null], optional: true },
  /** Of the source's sound stream. */
  sampleRateHz: { dtype: 'int32', shape: [] },
  channels: { dtype: 'int32', shape: [] },
  codec: { dtype: 'string', shape: [] },
  /** Number of the frame in its shot, from 0. */
  frame: { dtype: 'int32', shape: [] },
  /** Frames per second of the source, on average. */
  framesPerSecond: { dtype: 'float32', shape: [] },
  /** What may not be split between training and held-out: `<benchmark>/<group>` of the source, else what `groupPattern` finds in its path, else its id. */
  group: { dtype: 'string', shape: [] },
} as const satisfies SampleSpec;
