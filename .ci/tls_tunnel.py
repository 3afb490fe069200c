#!/usr/bin/env python3
"""A tunnel from clear text to TLS, so that what was written for clear text can be asked of a listener with TLS.

  python3 tls_tunnel.py LISTEN_PORT TARGET_PORT CA_FILE

Both ends are on 127.0.0.1. What arrived is passed on first. The caller's end of sending (FIN) becomes a close_notify and
a FIN, and reading goes on; a reset becomes a reset. The gateway's close_notify becomes a FIN; its FIN without one is what
TLS calls a truncation (RFC 8446 section 6.1), so that it becomes a reset: a message that ends with its connection must
not look whole. One thread for each direction of a connection.
"""
import socket, ssl, struct, sys, threading

RESET = struct.pack("ii", 1, 0)


def reset(sock):
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    except OSError:
        pass
    close(sock)


def close(sock):
    try:
        sock.close()
    except OSError:
        pass


class Tunnel:
    """One connection: the bytes of TLS are made in memory, so that both directions can move at once."""

    def __init__(self, plain, target, context):
        self.plain = plain
        self.wire = socket.create_connection(("127.0.0.1", target))
        for sock in (self.plain, self.wire):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.inbound, self.outbound = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inbound, self.outbound, server_hostname="localhost")
        self.lock = threading.Lock()

    def flush(self):
        data = self.outbound.read()
        if data:
            self.wire.sendall(data)

    def handshake(self):
        while True:
            try:
                self.tls.do_handshake()
                self.flush()
                return
            except ssl.SSLWantReadError:
                self.flush()
                data = self.wire.recv(65536)
                if not data:
                    raise OSError("the listener ended the handshake")
                self.inbound.write(data)

    def up(self):
        try:
            while data := self.plain.recv(65536):
                with self.lock:
                    self.tls.write(data)
                    self.flush()
            with self.lock:
                try:
                    self.tls.unwrap()
                except ssl.SSLError:
                    pass  # The other side has not said so yet.
                self.flush()
            self.wire.shutdown(socket.SHUT_WR)
        except (OSError, ssl.SSLError):
            reset(self.wire)

    def down(self):
        try:
            while True:
                data = self.wire.recv(65536)
                with self.lock:
                    self.inbound.write(data) if data else self.inbound.write_eof()
                    clear, end = self.read()
                    self.flush_quietly()
                if clear:
                    self.plain.sendall(clear)
                if end == "said":
                    self.plain.shutdown(socket.SHUT_WR)
                    return
                if end == "cut":
                    raise OSError("ended without a close_notify")
        except (OSError, ssl.SSLError):
            reset(self.plain)

    def flush_quietly(self):
        try:
            self.flush()
        except OSError:
            pass

    def read(self):
        clear = b""
        while True:
            try:
                part = self.tls.read(65536)
                if not part:
                    return clear, "said"
                clear += part
            except ssl.SSLWantReadError:
                return clear, ""
            except ssl.SSLZeroReturnError:
                return clear, "said"
            except ssl.SSLEOFError:
                return clear, "cut"

    def run(self):
        try:
            self.handshake()
        except (OSError, ssl.SSLError):
            reset(self.plain)
            close(self.wire)
            return
        up = threading.Thread(target=self.up, daemon=True)
        up.start()
        self.down()
        up.join(30)
        close(self.plain)
        close(self.wire)


def main():
    listen, target, authority = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    context = ssl.create_default_context(cafile=authority)
    with socket.create_server(("127.0.0.1", listen), backlog=256) as listener:
        while True:
            plain, _ = listener.accept()
            threading.Thread(target=serve, args=(plain, target, context), daemon=True).start()


def serve(plain, target, context):
    try:
        Tunnel(plain, target, context).run()
    except OSError:
        reset(plain)


if __name__ == "__main__":
    main()
