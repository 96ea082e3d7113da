# Completion of cnn in fish: cnn completion fish > ~/.config/fish/completions/cnn.fish
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
complete -c cnn -n __cnn_is_only -a 'train data help'
complete -c cnn -n '__cnn_is_only help' -a 'train data'
complete -c cnn -n __cnn_is_only -l help -s h -d 'show this help'
complete -c cnn -n __cnn_is_only -l version -d 'show the version'
complete -c cnn -n '__cnn_is_only data' -a 'check'
complete -c cnn -n '__cnn_is train' -l arch -s a -r -f -a 'lenet5 nin' -d 'network'
complete -c cnn -n '__cnn_is train' -l resume -r -f -a '(__cnn_runs) (__fish_complete_directories)' -d 'a run’s directory'
complete -c cnn -n '__cnn_is train' -l weights -r -F -d 'file [.pth]: weights'
complete -c cnn -n '__cnn_is train' -l epochs -r -f -d 'epochs'
complete -c cnn -n '__cnn_is train' -l nesterov -l no-nesterov -d 'momentum'
complete -c cnn -n '__cnn_is train' -a 'lenet5 mnist'
complete -c cnn -n '__cnn_is train' -F
complete -c cnn -n '__cnn_is data check' -a '(__cnn_runs) (__fish_complete_directories)'
