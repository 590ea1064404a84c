# The process of a probe pod: listens on every port that is named, closes what connects, and sends datagrams back.
import selectors, socket, sys

selector = selectors.DefaultSelector()
for port in sys.argv[1:]:
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
