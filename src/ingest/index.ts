export type { OpenVideo } from './video-reader.js';
