# Runs in a pod: tries every flow at once and prints one line for each. `PLAN` and `NONCE` stand before this text.
import errno, socket, struct, sys, threading, time

REFUSED = {errno.ECONNREFUSED}
RESET = {errno.ECONNRESET, errno.EPIPE}
UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM, errno.EHOSTDOWN}
QUERY = b"\x13\x37\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x0akubernetes\x07default\x03svc\x00\x00\x01\x00\x01"
printing = threading.Lock()


def say(number, word, started):
    with printing:
        sys.stdout.write("%s %d %s %d\n" % (NONCE, number, word, (time.monotonic() - started) * 1000))
        sys.stdout.flush()


def exactly(sock, count):
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise OSError(errno.ECONNRESET, "closed")
        data += more
    return data


def once(kind, host, port, limit):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    udp = kind == "dns-udp"
    with socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as sock:
        sock.settimeout(limit)
        sock.connect((host, port))
        if udp:
            sock.send(QUERY)
            while sock.recv(4096)[:2] != QUERY[:2]:
                pass
        elif kind == "dns-tcp":
            try:
                sock.sendall(struct.pack("!H", len(QUERY)) + QUERY)
                exactly(sock, struct.unpack("!H", exactly(sock, 2))[0])
            except (OSError, struct.error):
                return "silent"
    return "open"


def attempt(kind, host, port, limit):
    try:
        return once(kind, host, port, limit)
    except socket.timeout:
        return "timeout"
    except OSError as error:
        if error.errno in REFUSED:
            return "refused"
        if error.errno in RESET:
            return "reset"
        if error.errno in UNREACHABLE:
            return "unreachable"
        if error.errno == errno.ETIMEDOUT:
            return "timeout"
        return "error"


def resolve(number, host, started):
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
        say(number, "address=" + ",".join(sorted({entry[4][0] for entry in found})), started)
    except OSError:
        say(number, "dns-failure", started)


def run(number, kind, host, port, tries, limit):
    started = time.monotonic()
    if kind == "resolve":
        resolve(number, host, started)
        return
    word = "error"
    for _ in range(tries):
        word = attempt(kind, host, port, limit)
        if word != "timeout":
            break
    say(number, word, started)


threading.stack_size(256 * 1024)
threads = [threading.Thread(target=run, args=flow, daemon=True) for flow in PLAN]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
