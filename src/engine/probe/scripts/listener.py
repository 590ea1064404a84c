# The process of a probe pod: listens on every port that is named, and closes what connects.
import selectors, socket, sys

selector = selectors.DefaultSelector()
for port in sys.argv[1:]:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("0.0.0.0", int(port)))
    sock.listen(64)
    selector.register(sock, selectors.EVENT_READ)
while True:
    for key, _ in selector.select():
        try:
            key.fileobj.accept()[0].close()
        except OSError:
            pass
