import { tf } from '../tf.js';
import { CaptureError, nodeOf, type GraphNode, type Recording } from './recording.js';

/**
 * Two recordings of one step must be one graph.
 *
 * @throws CaptureError naming the operation that differs, and how.
 */
export function assertSameGraph(first: Recording, second: Recording): void {
  const count = Math.min(first.nodes.length, second.nodes.length);
  for (let i = 0; i < count; i++) compareNodes(first.nodes[i]!, second.nodes[i]!, second);
  if (first.nodes.length !== second.nodes.length) {
    const longer = first.nodes.length > count ? first : second;
    throw refuse(
      `it has ${first.nodes.length} operations, then ${second.nodes.length}; ${longer.nodes[count]!.op} is not in both`,
    );
  }
  if (describeEnds(first) !== describeEnds(second))
    throw refuse('it gives other results or assigns other variables each time');
}

function compareNodes(a: GraphNode, b: GraphNode, recording: Recording): void {
  if (a.op !== b.op) throw refuse(`it takes different paths: where ${a.op} ran there is ${b.op} the next time`);
  if (a.constant && b.constant) {
    const isSame =
      a.constant.shape.join() === b.constant.shape.join() && Buffer.compare(a.constant.bytes, b.constant.bytes) === 0;
    if (isSame) return;
    throw refuse(
      `${consumerOf(b.name, recording) ?? 'a result'} takes a constant of shape [${b.constant.shape.join(', ')}] that changes from step to step; ` +
        'numbers that change, and seeds of random operations, must be arguments',
    );
  }
  if (JSON.stringify(a.attributes) !== JSON.stringify(b.attributes))
    throw refuse(`the settings of ${a.op} change from step to step`);
  const other = b.inputs.findIndex((input, i) => input !== a.inputs[i]);
  if (other < 0) return;
  const outside = recording.inputs.find(
    ({ name, from }) => name === b.inputs[other] && typeof from !== 'number' && !(from instanceof tf.Variable),
  );
  throw refuse(
    outside
      ? `${a.op} takes a tensor of shape [${outside.shape.join(', ')}] from outside that is another each time; ` +
          'give it as an argument or keep it in a tf.Variable'
      : `${a.op} takes other inputs each time`,
  );
}

/** The first operation that takes an output of a node or an input of the graph. */
function consumerOf(name: string, { nodes }: Recording): string | null {
  return nodes.find(({ inputs }) => inputs.some((input) => nodeOf(input) === name))?.op ?? null;
}

function describeEnds({ outputs, states }: Recording): string {
  return JSON.stringify([outputs, states.map(({ source, variable }) => [source, variable.name])]);
}

function refuse(why: string): CaptureError {
  return new CaptureError(`The step cannot be captured: ${why}.`);
}
