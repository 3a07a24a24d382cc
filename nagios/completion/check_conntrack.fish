# fish completion for check_conntrack. Generated from the tables of flags and metrics by `npm run papers`.
# Goes to /usr/share/fish/vendor_completions.d/ or ~/.config/fish/completions/.

function __check_conntrack_is
    set -l words (commandline -opc)
    set -l command check
    if set -q words[2]; and contains -- $words[2] check report incidents plan munin
        set command $words[2]
    end
    test $command = $argv[1]
end

function __check_conntrack_first
    test (count (commandline -opc)) -eq 1
end

complete -c check_conntrack -f
complete -c check_conntrack -n __check_conntrack_first -a check -d 'check the table (the default)'
complete -c check_conntrack -n __check_conntrack_first -a report -d 'explain an incident'
complete -c check_conntrack -n __check_conntrack_first -a incidents -d 'list the incidents that --record kept'
complete -c check_conntrack -n __check_conntrack_first -a plan -d 'what a limit costs and how to set it'
complete -c check_conntrack -n __check_conntrack_first -a munin -d 'the Munin plugin'
complete -c check_conntrack -n '__check_conntrack_is munin' -a 'config autoconf suggest'
complete -c check_conntrack -n '__check_conntrack_is check' -s w -l warning -x -a "usage=\t'entries as a share of the limit' entries=\t'entries in the table' slab=\t'slab memory of the current entries' slab_max=\t'slab memory that a full table pins' memory_share=\t'slab_max + hash table, share of RAM' load_factor=\t'limit / hash buckets' drop=\t'packets dropped: table full, or a clash' early_drop=\t'entries evicted to make room' insert_failed=\t'insertions that failed: clashes, long chains' chainlength=\t'entries refused: hash chain too long (5.15+)' invalid=\t'packets that match no entry and create none' drop_rate=\t'drop per second over the window' early_drop_rate=\t'early_drop per second over the window' insert_failed_rate=\t'insert_failed per second over the window' chainlength_rate=\t'chainlength per second over the window' invalid_rate=\t'invalid per second over the window' lost_rate=\t'packets/s lost: table full or long chains' clash_rate=\t'packets/s lost to clashes: NAT ports, DNS races' growth=\t'entries per second over the window' time_to_full=\t'time until the table is full at this growth'" -d 'WARNING outside RANGE (usage=80)'
complete -c check_conntrack -n '__check_conntrack_is check' -s c -l critical -x -a "usage=\t'entries as a share of the limit' entries=\t'entries in the table' slab=\t'slab memory of the current entries' slab_max=\t'slab memory that a full table pins' memory_share=\t'slab_max + hash table, share of RAM' load_factor=\t'limit / hash buckets' drop=\t'packets dropped: table full, or a clash' early_drop=\t'entries evicted to make room' insert_failed=\t'insertions that failed: clashes, long chains' chainlength=\t'entries refused: hash chain too long (5.15+)' invalid=\t'packets that match no entry and create none' drop_rate=\t'drop per second over the window' early_drop_rate=\t'early_drop per second over the window' insert_failed_rate=\t'insert_failed per second over the window' chainlength_rate=\t'chainlength per second over the window' invalid_rate=\t'invalid per second over the window' lost_rate=\t'packets/s lost: table full or long chains' clash_rate=\t'packets/s lost to clashes: NAT ports, DNS races' growth=\t'entries per second over the window' time_to_full=\t'time until the table is full at this growth'" -d 'CRITICAL outside RANGE (usage=90)'
complete -c check_conntrack -n '__check_conntrack_is check' -l netns -x -a 'own all' -d 'this network namespace, or every one (own)'
complete -c check_conntrack -n '__check_conntrack_is check' -l absent -x -a 'ok warning critical unknown' -d 'state if no table is visible (unknown)'
complete -c check_conntrack -n '__check_conntrack_is check' -l drift -x -a 'ok warning critical unknown' -d 'state if limit < configured (warning)'
complete -c check_conntrack -n '__check_conntrack_is check' -l partial -x -a 'ok warning critical unknown' -d 'state if not all namespaces are seen (ok)'
complete -c check_conntrack -n '__check_conntrack_is check' -l format -x -a 'nagios json prometheus' -d 'nagios, json or prometheus (nagios)'
complete -c check_conntrack -n '__check_conntrack_is check' -l root -x -a '(__fish_complete_directories)' -d 'read the tree in DIR, not this machine (/)'
complete -c check_conntrack -n '__check_conntrack_is check' -l object-size -x -d 'memory of one entry, all-in (measured)'
complete -c check_conntrack -n '__check_conntrack_is check' -l state-dir -x -a '(__fish_complete_directories)' -d 'keep samples between runs in DIR (none)'
complete -c check_conntrack -n '__check_conntrack_is check' -l window -x -d 'how far rates look back (300)'
complete -c check_conntrack -n '__check_conntrack_is check' -l record -d 'keep a report of each incident'
complete -c check_conntrack -n '__check_conntrack_is check' -s t -l timeout -x -d 'give up after SECONDS (8)'
complete -c check_conntrack -n '__check_conntrack_is check' -s v -l verbose -d 'print more: -v figures, -vv files, -vvv timings'
complete -c check_conntrack -n '__check_conntrack_is check' -s V -l version -d 'print the version'
complete -c check_conntrack -n '__check_conntrack_is check' -s h -l help -d 'print this help'
complete -c check_conntrack -n '__check_conntrack_is report' -l format -x -a 'text json' -d 'text or json (text)'
complete -c check_conntrack -n '__check_conntrack_is report' -l top -x -d 'rows in each list (10)'
complete -c check_conntrack -n '__check_conntrack_is report' -l all -d 'print every step in full (the first three)'
complete -c check_conntrack -n '__check_conntrack_is report' -l pid -x -d 'list this process\'s namespace (fullest)'
complete -c check_conntrack -n '__check_conntrack_is report' -l interval -x -d 'time between the two samples (1)'
complete -c check_conntrack -n '__check_conntrack_is report' -l watch -d 'repeat until Ctrl-C'
complete -c check_conntrack -n '__check_conntrack_is report' -l entries -r -F -d 'read a list captured elsewhere (live)'
complete -c check_conntrack -n '__check_conntrack_is report' -l root -x -a '(__fish_complete_directories)' -d 'read the tree in DIR, not this machine (/)'
complete -c check_conntrack -n '__check_conntrack_is report' -l object-size -x -d 'memory of one entry, all-in (measured)'
complete -c check_conntrack -n '__check_conntrack_is report' -l state-dir -x -a '(__fish_complete_directories)' -d 'read what checks kept in DIR (see manual)'
complete -c check_conntrack -n '__check_conntrack_is report' -s t -l timeout -x -d 'give up after SECONDS (none)'
complete -c check_conntrack -n '__check_conntrack_is report' -s v -l verbose -d 'print more: -v figures, -vv files, -vvv timings'
complete -c check_conntrack -n '__check_conntrack_is report' -s V -l version -d 'print the version'
complete -c check_conntrack -n '__check_conntrack_is report' -s h -l help -d 'print this help'
complete -c check_conntrack -n '__check_conntrack_is incidents' -l format -x -a 'text json' -d 'text or json (text)'
complete -c check_conntrack -n '__check_conntrack_is incidents' -l root -x -a '(__fish_complete_directories)' -d 'read the tree in DIR, not this machine (/)'
complete -c check_conntrack -n '__check_conntrack_is incidents' -l object-size -x -d 'memory of one entry, all-in (measured)'
complete -c check_conntrack -n '__check_conntrack_is incidents' -l state-dir -x -a '(__fish_complete_directories)' -d 'read what checks kept in DIR (see manual)'
complete -c check_conntrack -n '__check_conntrack_is incidents' -s t -l timeout -x -d 'give up after SECONDS (none)'
complete -c check_conntrack -n '__check_conntrack_is incidents' -s v -l verbose -d 'print more: -v figures, -vv files, -vvv timings'
complete -c check_conntrack -n '__check_conntrack_is incidents' -s V -l version -d 'print the version'
complete -c check_conntrack -n '__check_conntrack_is incidents' -s h -l help -d 'print this help'
complete -c check_conntrack -n '__check_conntrack_is plan' -l format -x -a 'text json' -d 'text or json (text)'
complete -c check_conntrack -n '__check_conntrack_is plan' -l max -x -d 'the limit to plan for (recommended)'
complete -c check_conntrack -n '__check_conntrack_is plan' -l root -x -a '(__fish_complete_directories)' -d 'read the tree in DIR, not this machine (/)'
complete -c check_conntrack -n '__check_conntrack_is plan' -l object-size -x -d 'memory of one entry, all-in (measured)'
complete -c check_conntrack -n '__check_conntrack_is plan' -s t -l timeout -x -d 'give up after SECONDS (none)'
complete -c check_conntrack -n '__check_conntrack_is plan' -s v -l verbose -d 'print more: -v figures, -vv files, -vvv timings'
complete -c check_conntrack -n '__check_conntrack_is plan' -s V -l version -d 'print the version'
complete -c check_conntrack -n '__check_conntrack_is plan' -s h -l help -d 'print this help'
complete -c check_conntrack -n '__check_conntrack_is munin' -l root -x -a '(__fish_complete_directories)' -d 'read the tree in DIR, not this machine (/)'
complete -c check_conntrack -n '__check_conntrack_is munin' -l object-size -x -d 'memory of one entry, all-in (measured)'
complete -c check_conntrack -n '__check_conntrack_is munin' -s t -l timeout -x -d 'give up after SECONDS (8)'
complete -c check_conntrack -n '__check_conntrack_is munin' -s v -l verbose -d 'print more: -v figures, -vv files, -vvv timings'
complete -c check_conntrack -n '__check_conntrack_is munin' -s V -l version -d 'print the version'
complete -c check_conntrack -n '__check_conntrack_is munin' -s h -l help -d 'print this help'
