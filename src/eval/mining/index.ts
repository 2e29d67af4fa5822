export { miningEvaluationConfig, scoreMining, type MiningScores } from './score-mining.js';
export { openMiningTruth, truthKinds, type BoxSequence, type CutSequence, type MiningTruth } from './truth.js';
export type { FlowTruth } from './flow-truth.js';
