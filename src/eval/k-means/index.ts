export { kMeansConfig, measureKMeans, openKMeans, readMiddles, type UntrainedEncoder } from './open.js';
