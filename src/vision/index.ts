export * from './color.js';
export * from './histogram.js';
export * from './image-codec.js';
export * from './opencv.js';
export * from './optical-flow.js';
export * from './perceptual-hash.js';
export * from './resize.js';
