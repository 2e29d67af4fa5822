export * from './motion-set.js';
export type { SyntheticTruth, SyntheticVideo } from './synthetic-video.js';
export * from './trajectories.js';
