export { takeRows, toMatrix, type Matrix } from './features.js';
export { crossFit } from './cross-fit.js';
export { drawHeldOutGroups, fitProbe, meanCrossEntropy, selectProbe, type Probe, type ProbeExamples } from './probe.js';
