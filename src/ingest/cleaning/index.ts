export * from './borders.js';
export * from './cleaner.js';
export * from './config.js';
export * from './overlay.js';
export * from './rules.js';
export * from './shot-scores.js';
