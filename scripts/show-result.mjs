// Prints a result.json in a few lines: metrics with their intervals, then each rival's. node scripts/show-result.mjs FILE
import { readFileSync } from 'node:fs';

const { metrics, rivals } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const describe = ({ name, value, interval }) =>
  `${name} ${value.toPrecision(4)}${interval ? ` [${interval.map((end) => end.toPrecision(4)).join(', ')}]` : ''}`;
console.log(`  ${metrics.map(describe).join(', ')}`);
for (const rival of rivals) console.log(`  ${rival.name}: ${rival.metrics.map(describe).join(', ')}`);
