# The process of a probe pod: listens on every port that is named, closes what connects, and sends datagrams back.
# The first port is the last that it listens on: who reaches that knows that all the others are there.
import selectors, socket, sys

selector = selectors.DefaultSelector()
for port in reversed(sys.argv[1:]):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("0.0.0.0", int(port)))
    sock.listen(64)
    selector.register(sock, selectors.EVENT_READ, True)
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("0.0.0.0", int(port)))
    selector.register(datagrams, selectors.EVENT_READ, False)
while True:
    for key, _ in selector.select():
        try:
            if key.data:
                key.fileobj.accept()[0].close()
            else:
                key.fileobj.sendto(*key.fileobj.recvfrom(512))
        except OSError:
            pass
