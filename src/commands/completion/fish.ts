import { COMMON_FLAGS } from '../command.js';
import {
  type Completion,
  type Flag,
  firstWords,
  groupsOf,
  membersOf,
  type Values,
} from './table.js';

/** A script for fish: `cnn completion fish > ~/.config/fish/completions/cnn.fish`. */
export function fishScript(completions: readonly Completion[]): string {
  const tops = firstWords(completions);
  return `# Completion of cnn in fish: cnn completion fish > ~/.config/fish/completions/cnn.fish
function __cnn_words
    # The words before the current one that are not flags, without cnn itself.
    set -l before (commandline -opc)
    set -e before[1]
    for word in $before
        string match --quiet -- '-*' $word; or echo $word
    end
end

function __cnn_is
    # Whether the command begins with these words.
    set -l words (__cnn_words)
    for at in (seq (count $argv))
        test "$words[$at]" = "$argv[$at]"; or return 1
    end
end

function __cnn_is_only
    test (count (__cnn_words)) -eq (count $argv); and __cnn_is $argv
end

function __cnn_runs
    for file in runs/*/run.json
        string replace /run.json '' $file
    end
end

complete -c cnn -f
complete -c cnn -n __cnn_is_only -a '${tops.join(' ')} help'
complete -c cnn -n '__cnn_is_only help' -a '${tops.join(' ')}'
complete -c cnn -n __cnn_is_only -l help -s h -d '${COMMON_FLAGS['help']?.help}'
complete -c cnn -n __cnn_is_only -l version -d '${COMMON_FLAGS['version']?.help}'
${groupsOf(completions)
  .map(
    (group) =>
      `complete -c cnn -n '__cnn_is_only ${group}' -a '${membersOf(completions, group).join(' ')}'`,
  )
  .join('\n')}
${completions.flatMap(commandLines).join('\n')}
`;
}

function commandLines({ path, flags, words }: Completion): string[] {
  const condition = `-n '__cnn_is ${path}'`;
  return [
    ...flags.map((flag) => `complete -c cnn ${condition} ${flagWords(flag)}`),
    ...wordLines(condition, words),
  ];
}

function flagWords({ names, help, values }: Flag): string {
  const spelled = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  const about = `-d '${help.replaceAll("'", '’')}'`;
  if (values === undefined) return `${spelled.join(' ')} ${about}`;
  const given = choices(values);
  const taken = given === '' ? '' : ` -a '${given}'`;
  return `${spelled.join(' ')} -r${values.files ? ' -F' : ' -f'}${taken} ${about}`;
}

function wordLines(condition: string, values: Values): string[] {
  const given = choices(values);
  return [
    ...(given === '' ? [] : [`complete -c cnn ${condition} -a '${given}'`]),
    ...(values.files ? [`complete -c cnn ${condition} -F`] : []),
  ];
}

function choices({ words, runs, files }: Values): string {
  const directories = runs && !files ? ['(__fish_complete_directories)'] : [];
  return [...words, ...(runs ? ['(__cnn_runs)'] : []), ...directories].join(' ');
}
