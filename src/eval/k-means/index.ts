export { kMeansConfig, openKMeans, readMiddles, type UntrainedEncoder } from './open.js';
