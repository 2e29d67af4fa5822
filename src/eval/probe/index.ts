export { takeRows, toMatrix, type Matrix } from './features.js';
export { fitSvm, svmScores, type LinearSvm, type SvmOptions } from './svm.js';
export { crossFit } from './cross-fit.js';
export {
  drawHeldOutGroups,
  fitProbe,
  meanCrossEntropy,
  selectProbe,
  type Probe,
  type ProbeExamples,
  type SelectedOn,
} from './probe.js';
export { isLarge, multiplyHere, multiplyOnEngine, objectiveBy } from './softmax-objective.js';
