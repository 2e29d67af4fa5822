export * from './config.js';
export * from './find.js';
export * from './fingerprint.js';
export * from './match.js';
export * from './search.js';
