export * from './accuracy.js';
export * from './bootstrap.js';
