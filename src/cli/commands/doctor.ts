import type { Command } from 'commander';
import { addCommonOptions, runCommand, type CommonOptions } from '../command.js';

/** `reelmine doctor [--fix]`. */
export default function addDoctor(program: Command): void {
  addCommonOptions(
    program
      .command('doctor')
      .description('lists what works here, what does not, and the remedy')
      .option('--fix', 'runs setup first'),
  ).action((options: CommonOptions & { readonly fix?: boolean }) =>
    runCommand('doctor', options, async ({ onEvent, stop, now }) => {
      const { diagnose, runJob } = await import('../../index.js');
      if (options.fix === true) {
        const { setup } = await import('../../setup/index.js');
        await runJob(setup({ optional: true, now }, stop), onEvent);
      }
      const parts = await diagnose();
      const remedies = parts.filter((part) => !part.ok && part.remedy !== null);
      return {
        counts: {
          done: parts.filter((part) => part.ok).length,
          skipped: parts.filter((part) => !part.ok).length,
          failed: 0,
        },
        outputs: [],
        text: [
          ...parts.map((part) => `${part.ok ? 'ok' : '--'}  ${part.name.padEnd(22)} ${part.detail}`),
          ...(remedies.length > 0
            ? ['', 'To mend:', ...remedies.map((part) => `  ${part.name}: ${part.remedy ?? ''}`)]
            : []),
        ].join('\n'),
        more: { parts },
      };
    }),
  );
}
