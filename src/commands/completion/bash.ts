import { type Completion, firstWords, groupsOf, membersOf, type Values } from './table.js';

/** A script for bash 3.2 and later: `source <(cnn completion bash)`. */
export function bashScript(completions: readonly Completion[]): string {
  return `# Completion of cnn in bash: source <(cnn completion bash)
_cnn() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  local given=() word command flags= values= runs= files= at
  # bash splits --arch=resnet18 at the equals sign.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    [[ $word == -* || $word == = || $word == help ]] || given+=("$word")
  done
  command="\${given[0]}"
  case "$command" in
    ${groupsOf(completions).join(' | ')}) command="$command \${given[1]}" ;;
  esac
  COMPREPLY=()
  case "$command:$previous" in
${completions.flatMap(valueCases).join('\n')}
  esac
  case "$command" in
${completions.map(commandCase).join('\n')}
${groupsOf(completions)
  .map((group) => `    '${group} ') values='${membersOf(completions, group).join(' ')}' ;;`)
  .join('\n')}
    '') values='${firstWords(completions).join(' ')} help' flags='--help --version' ;;
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  else
    _cnn_values
  fi
}

# Completes the current word by the words in values and, where they are set, by runs and files.
_cnn_values() {
  local IFS=$'\\n' list="\${values// /$'\\n'}"
  [[ -n $runs ]] && list+=$'\\n'$(compgen -G 'runs/*/run.json' | sed 's|/run.json$||')
  COMPREPLY=($(compgen -W "$list" -- "$current"))
  if [[ -n $files ]]; then
    COMPREPLY+=($(compgen -f -- "$current"))
    compopt -o filenames -o default 2> /dev/null
  elif [[ -n $runs ]]; then
    COMPREPLY+=($(compgen -d -- "$current"))
    compopt -o filenames -o dirnames 2> /dev/null
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
  return `values='${words.join(' ')}' runs=${runs ? 'yes' : ''} files=${files ? 'yes' : ''}`;
}
