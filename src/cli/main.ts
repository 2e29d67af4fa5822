#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { didYouMean, toolVersion } from '../core/index.js';
import { addCommands, commandNames } from './commands/index.js';
import { exitCodes, explainError } from './exit.js';

const argv = process.argv.slice(2);
const program = new Command('reelmine')
  .description('Mines training signal from video, trains self-supervised models on it, and evaluates them.')
  .version(toolVersion())
  .showHelpAfterError('(add --help for the options)')
  .exitOverride();

try {
  const [first, topic] = argv.filter((word) => !word.startsWith('-'));
  const name = first === 'help' && topic !== undefined ? topic : first;
  if (name !== undefined && name !== 'help' && !commandNames.includes(name)) {
    process.stderr.write(
      `reelmine: unknown command ${JSON.stringify(name)}${didYouMean(name, commandNames)} Known: ${commandNames.join(', ')}.\n`,
    );
    process.exit(exitCodes.usage);
  }
  await addCommands(program, name);
  for (const command of program.commands) command.exitOverride().showHelpAfterError('(add --help for the options)');
  if (argv.length === 0) program.help();
  await program.parseAsync(argv, { from: 'user' });
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? exitCodes.done : exitCodes.usage);
  const report = explainError(error, argv.includes('--verbose'));
  if (argv.includes('--json')) {
    const name = argv.find((word) => !word.startsWith('-')) ?? null;
    process.stdout.write(
      `${JSON.stringify({ command: name, version: toolVersion(), ok: false, counts: { done: 0, skipped: 0, failed: 0 }, seconds: 0, outputs: [], error: report.error })}\n`,
    );
  }
  process.stderr.write(`${report.text}\n`);
  process.exit(report.exitCode);
}
