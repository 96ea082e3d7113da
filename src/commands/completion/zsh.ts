import {
  type Completion,
  type Flag,
  firstWords,
  groupsOf,
  membersOf,
  type Values,
} from './table.js';

/** A script for zsh: `source <(cnn completion zsh)`, or a file _cnn in a folder of fpath. */
export function zshScript(completions: readonly Completion[]): string {
  return `#compdef cnn
# Completion of cnn in zsh: source <(cnn completion zsh)
_cnn_runs() {
  local -a runs
  runs=(runs/*/run.json(N:h))
  (( \${#runs} )) && compadd -a runs
}

_cnn() {
  local -a words_before
  local word command
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ $word == -* ]] || words_before+=("$word")
  done
  command="\${words_before[1]}"
  case "$command" in
    ${groupsOf(completions).join('|')}) command="$command \${words_before[2]}" ;;
  esac
  case "$command" in
${completions.map(commandCase).join('\n')}
${groupsOf(completions)
  .map((group) => `    '${group} '*) compadd -- ${membersOf(completions, group).join(' ')} ;;`)
  .join('\n')}
    help) compadd -- ${firstWords(completions).join(' ')} ;;
    *) (( \${#words_before} )) || compadd -- ${firstWords(completions).join(' ')} help --help --version ;;
  esac
}

# A file of fpath is run at the first completion; a script that is sourced only defines it.
if [[ \${funcstack[1]} == _cnn ]]; then
  _cnn "$@"
else
  compdef _cnn cnn
fi
`;
}

function commandCase({ path, flags, words }: Completion): string {
  const shift = path.includes(' ') ? 2 : 1;
  const specs = [...flags.flatMap(flagSpecs), `'*:word:${action(words)}'`];
  return `    '${path}')
      shift ${shift} words; (( CURRENT -= ${shift} ))
      _arguments \\
${specs.map((spec) => `        ${spec}`).join(' \\\n')} ;;`;
}

function flagSpecs({ names, help, values }: Flag): string[] {
  const about = help.replace(/[[\]:']/g, (character) => (character === "'" ? '’' : ' '));
  return names.map((name) => {
    if (values === undefined) return `'*${name}[${about}]'`;
    const joined = name.startsWith('--') ? '=' : '';
    return `'*${name}${joined}[${about}]:value:${action(values)}'`;
  });
}

/** What completes a value, as _arguments takes it. */
function action({ words, runs, files }: Values): string {
  const parts = [
    ...(words.length > 0 ? [`compadd -- ${words.join(' ')}`] : []),
    ...(runs ? ['_cnn_runs'] : []),
    ...(files ? ['_files'] : runs ? ['_files -/'] : []),
  ];
  return parts.length === 0 ? ' ' : `{ ${parts.join('; ')} }`;
}
