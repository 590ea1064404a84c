# Runs in a pod that has neither Python nor Node: as client.py, as far as `nc` or `wget` can tell. `NONCE` and `TOOL`
# stand before this text, and a call of `run` for each flow behind it. Nothing is written to any file.
LC_ALL=C
export LC_ALL
unset ftp_proxy FTP_PROXY all_proxy ALL_PROXY
QUERY='\023\067\001\000\000\001\000\000\000\000\000\000\012kubernetes\007default\003svc\000\000\001\000\001'
help=$(nc -h 2>&1 </dev/null)
has() { case " $help " in *[!A-Za-z0-9]"$1"[!A-Za-z0-9]*) return 0 ;; esac; return 1; }
FLAGS=
for flag in -n -v; do if has "$flag"; then FLAGS="$FLAGS $flag"; fi; done

# Milliseconds since the start of the machine.
now() {
    read -r up _ </proc/uptime
    now=$((${up%.*} * 1000 + 1${up#*.} * 10 - 1000))
}

# HOST PORT: becomes a program that connects. Of FTP the server says the first word, so wget sends none.
dial() {
    case $TOOL in
    nc) exec nc $FLAGS "$1" "$2" ;;
    wget) exec wget -O /dev/null "ftp://$1:$2/x" ;;
    esac
}

# REMOTE: what the kernel says of connections to it. Neither tool says whether it has one.
look() {
    while read -r _ _ remote state _; do
        case $remote,$state in
        "$1,02") echo SYN-SENT ;;
        "$1,01" | "$1,04" | "$1,05" | "$1,08") echo ESTABLISHED ;;
        esac
    done </proc/net/tcp
}

# HOST PORT LIMIT REMOTE: what a tool said that was ended when the time was over.
connect() {
    exec 2>&1 </dev/null
    (dial "$1" "$2") >/dev/null &
    tool=$!
    (
        trap 'kill $nap; exit' TERM
        sleep "$3" >/dev/null 2>&1 &
        nap=$!
        wait $nap
        look "$4"
        kill -9 $tool
    ) &
    guard=$!
    wait $tool
    code=$?
    kill $guard
    wait $guard
    echo " code=$code"
}

# HOST PORT LIMIT FLAG...: what came back for a query, or what nc said.
ask() {
    host=$1 port=$2 limit=$3
    shift 3
    { printf "$PREFIX$QUERY"; sleep "$limit"; } | nc $FLAGS "$@" -w "$limit" "$host" "$port" 2>&1
}

# SAID: the word for what a tool said.
reason() {
    case $1 in
    *" code=126" | *" code=127") word=error ;;
    *"onnection refused"*) word=refused ;;
    *"onnection reset"*) word=reset ;;
    *"timed out"*) word=timeout ;;
    *"o route to host"* | *nreachable* | *"ermission denied"* | *"not permitted"*) word=unreachable ;;
    *"bad address"* | *"not known"* | *resolve* | *"lookup failed"*) word=dns-failure ;;
    *) word=$2 ;;
    esac
}

# KIND HOST PORT LIMIT REMOTE
attempt() {
    case $1 in
    tcp)
        said=$(connect "$2" "$3" "$4" "$5")
        case $said in
        *SYN-SENT*ESTABLISHED* | *ESTABLISHED*SYN-SENT*) word=error ;;
        *SYN-SENT*) word=timeout ;;
        *ESTABLISHED* | *" code=0" | *"connected."* | *"error getting response"*) word=open ;;
        *) reason "$said" error ;;
        esac
        ;;
    dns-tcp)
        # Over TCP its length stands before it.
        PREFIX='\000\050'
        said=$(ask "$2" "$3" "$4")
        case $said in *kubernetes*) word=open ;; *) reason "$said" silent ;; esac
        ;;
    dns-udp)
        PREFIX=
        said=$(ask "$2" "$3" "$4" -u)
        case $said in *kubernetes*) word=open ;; *) reason "$said" timeout ;; esac
        ;;
    esac
}

# NUMBER KIND HOST PORT TRIES LIMIT REMOTE: one flow. What the tool cannot send gets no line.
run() {
    case $TOOL,$2 in
    *,tcp | nc,dns-tcp) ;;
    nc,dns-udp) has -u || return ;;
    *) return ;;
    esac
    now
    started=$now try=0
    while [ $try -lt "$5" ]; do
        attempt "$2" "$3" "$4" "$6" "$7"
        [ "$word" = timeout ] || break
        try=$((try + 1))
    done
    now
    echo "$NONCE $1 $word $((now - started))"
}

