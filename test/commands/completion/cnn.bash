# Completion of cnn in bash: source <(cnn completion bash)
_cnn() {
  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}"
  local given=() word command flags= values= runs= files= at
  # bash splits --arch=resnet18 at the equals sign.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous="${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="${COMP_WORDS[at]}"
    [[ $word == -* || $word == = || $word == help ]] || given+=("$word")
  done
  command="${given[0]}"
  case "$command" in
    data) command="$command ${given[1]}" ;;
  esac
  COMPREPLY=()
  case "$command:$previous" in
    'train:--arch' | 'train:-a')
      values='lenet5 nin' runs= files=
      _cnn_values
      return ;;
    'train:--resume')
      values='' runs=yes files=
      _cnn_values
      return ;;
    'train:--weights')
      values='' runs= files=yes
      _cnn_values
      return ;;
    'train:--epochs')
      values='' runs= files=
      _cnn_values
      return ;;
  esac
  case "$command" in
    'train') flags='--arch -a --resume --weights --epochs --nesterov --no-nesterov' values='lenet5 mnist' runs= files=yes ;;
    'data check') flags='' values='' runs=yes files= ;;
    'data ') values='check' ;;
    '') values='train data help' flags='--help --version' ;;
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  else
    _cnn_values
  fi
}

# Completes the current word by the words in values and, where they are set, by runs and files.
_cnn_values() {
  local IFS=$'\n' list="${values// /$'\n'}"
  [[ -n $runs ]] && list+=$'\n'$(compgen -G 'runs/*/run.json' | sed 's|/run.json$||')
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
