import {
  type Completion,
  firstWords,
  groupsOf,
  membersOf,
  type Values,
} from './completion-table.js';

/** The runs in runs/, as bash finds them. */
const RUNS = '$(compgen -G "runs/*/run.json" | sed "s|/run.json$||")';

/** A script for bash: `source <(cnn completion bash)`. */
export function bashScript(completions: readonly Completion[]): string {
  return `# Completion of cnn in bash: source <(cnn completion bash)
_cnn() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  local words=() word command flags= values= files= at
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    [[ $word == -* ]] || words+=("$word")
  done
  command="\${words[0]}"
  case "$command" in
    ${groupsOf(completions).join(' | ')}) command="$command \${words[1]}" ;;
  esac
  COMPREPLY=()
  case "$command:$previous" in
${completions.flatMap(valueCases).join('\n')}
  esac
  case "$command" in
${completions.map(commandCase).join('\n')}
${groupsOf(completions)
  .map((group) => `    '${group} '*) values='${membersOf(completions, group).join(' ')}' ;;`)
  .join('\n')}
    *) [[ \${#words[@]} -eq 0 ]] && values='${firstWords(completions).join(' ')} help' flags='--help --version' ;;
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
    return
  fi
  _cnn_values
}

# Completes the current word by the words in values and, where files is set, by names of files.
_cnn_values() {
  COMPREPLY=($(compgen -W "$values" -- "$current"))
  if [[ -n $files ]]; then
    compopt -o filenames 2> /dev/null
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
}

complete -F _cnn cnn
`;
}

/** Cases for the word after a flag that takes a value. */
function valueCases({ path, flags }: Completion): string[] {
  return flags.flatMap(({ names, values }) => {
    if (values === undefined) return [];
    const patterns = names.map((name) => `'${path}:${name}'`).join(' | ');
    return [
      `    ${patterns})`,
      `      ${assignments(values)}`,
      '      _cnn_values',
      '      return ;;',
    ];
  });
}

function commandCase({ path, flags, words }: Completion): string {
  const names = flags.flatMap((flag) => flag.names).join(' ');
  return `    '${path}') flags='${names}' ${assignments(words)} ;;`;
}

function assignments({ words, runs, files }: Values): string {
  const list = [words.join(' '), ...(runs ? [RUNS] : [])].filter((part) => part !== '').join(' ');
  return `values="${list}" files=${files ? 'yes' : ''}`;
}
