"""An LDAP server in front of another one that does what directories do on bad days, or what only Active Directory
does. Plain LDAP on loopback.

    with Proxy(server.ldap, faults) as proxy: … proxy.url …

Faults, each named once with its value, "cut=1500":
    cut=N          the connection ends after N entries, in the middle of the next one
    cookie=N       the cookie of page N + 1 is another one
    forgets=N      page N + 1 gets the result "unwilling to perform"
    limit=N        result 4 (size limit) after N entries
    unpaged=1      the control with the cookie is missing from answers
    endless=1      the last page says that there is another one
    again=1        every page is the first one
    ranges=N       values of `member` come N at a time, as Active Directory does it
    changing=N     the entry changes while its ranges are read, the first N times
    garbage=N      bytes that are no LDAP after N entries
    huge=1         a message that says it is of 2 GiB
    silent=N       nothing more after N entries
    call=(N, f)    f() is called after N entries
"""
import socket
import threading

PAGED = b"1.2.840.113556.1.4.319"
SEARCH, ENTRY, DONE = 0x63, 0x64, 0x65


# --- BER: a value is (tag, bytes) -----------------------------------------------------------------

def encode(tag, content):
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    raw = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(raw))) + raw + content


def decode(data):
    """The values that are one after the other in it."""
    values, at = [], 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            size, at = int.from_bytes(data[at:at + count], "big"), at + count
        values.append((tag, data[at:at + size]))
        at += size
    return values


def join(values):
    return b"".join(encode(*value) for value in values)


def read_exactly(stream, size):
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def read_message(stream):
    head = read_exactly(stream, 2)
    size, more = head[1], b""
    if size & 0x80:
        more = read_exactly(stream, size & 0x7F)
        size = int.from_bytes(more, "big")
    return head + more, read_exactly(stream, size)


# --- one connection -----------------------------------------------------------------------------

class Connection:
    def __init__(self, client, address, faults):
        self.client, self.faults = client, dict(faults)
        self.server = socket.create_connection(address)
        self.entries = self.pages = self.asked = 0
        self.range_from = None
        self.first_page = None

    def up(self):
        """From the client to the server."""
        stream = self.client.makefile("rb")
        try:
            while True:
                self.server.sendall(self.request(read_message(stream)[1]))
        except (EOFError, OSError):
            self.end()

    def down(self):
        stream = self.server.makefile("rb")
        try:
            while True:
                self.client.sendall(self.answer(read_message(stream)[1]))
        except (EOFError, OSError):
            self.end()

    def end(self):
        for s in (self.client, self.server):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def request(self, content):
        message = decode(content)
        if message[1][0] == SEARCH:
            search = decode(message[1][1])
            search[7] = (search[7][0], join(self.wanted(decode(search[7][1]))))
            message[1] = (SEARCH, join(search))
            if len(message) > 2:
                message[2] = (message[2][0], join(self.cookie(decode(message[2][1]))))
        return encode(0x30, join(message))

    def wanted(self, attributes):
        """The first of the range that is asked for stays here."""
        self.range_from = None
        out = []
        for tag, name in attributes:
            if b";range=" in name:
                name, bounds = name.split(b";range=")
                self.range_from = int(bounds.split(b"-")[0])
            out.append((tag, name))
        return out

    def cookie(self, controls):
        out = []
        for tag, control in controls:
            parts = decode(control)
            if parts[0][1] == PAGED:
                size, cookie = decode(decode(parts[-1][1])[0][1])
                if self.faults.get("again"):
                    cookie = (4, b"")
                if cookie[1] and self.faults.get("cookie", self.pages + 1) <= self.pages:
                    cookie = (4, b"\xff" * 8)
                parts[-1] = (4, encode(0x30, join([size, cookie])))
                self.asked += 1
            out.append((tag, join(parts)))
        return out

    def answer(self, content):
        message = decode(content)
        if message[1][0] == ENTRY:
            return self.entry(message)
        if message[1][0] == DONE:
            return self.done(message)
        return encode(0x30, join(message))

    def entry(self, message):
        self.entries += 1
        at, called = self.faults.get("call", (0, None))
        if at == self.entries:
            called()
        name, attributes = decode(message[1][1])
        attributes = self.ranged([decode(a) for _, a in decode(attributes[1])])
        message[1] = (ENTRY, join([name, (0x30, join([(0x30, join(a)) for a in attributes]))]))
        data = encode(0x30, join(message))
        if self.faults.get("cut") == self.entries - 1:
            self.client.sendall(data[:len(data) // 2])
            raise EOFError
        if self.faults.get("garbage") == self.entries - 1:
            return b"\x30\x05hello"
        if self.faults.get("huge"):
            return b"\x30\x84\x7f\xff\xff\xff"
        if self.faults.get("silent", self.entries) < self.entries:
            return b""
        if self.faults.get("limit", self.entries) < self.entries:
            return b""
        return data

    def ranged(self, attributes):
        size = self.faults.get("ranges")
        out = []
        for attribute in attributes:
            name, values = attribute[0][1], decode(attribute[1][1])
            if size and name == b"uSNChanged" and self.faults.get("changing", 0) > 0 and self.range_from:
                self.faults["changing"] -= 1
                values = [(4, values[0][1] + b"1")]
            if size and name == b"member" and (len(values) > size or self.range_from is not None):
                start = self.range_from or 0
                part = values[start:start + size]
                end = b"*" if start + size >= len(values) else str(start + len(part) - 1).encode()
                out.append([(4, b"member"), (0x31, b"")])
                name, values = b"member;range=%d-%s" % (start, end), part
            out.append([(4, name), (0x31, join(values))])
        return out

    def done(self, message):
        if self.faults.get("silent", self.entries) < self.entries:
            return b""
        paged = len(message) > 2
        self.pages += paged
        if self.faults.get("limit", self.entries) < self.entries:
            message[1] = (DONE, encode(0x0A, b"\4") + encode(4, b"") * 2)
        if paged and self.faults.get("forgets") and self.pages > self.faults["forgets"]:
            message[1] = (DONE, encode(0x0A, b"\x35") + encode(4, b"") + encode(4, b"cookie is too old"))
        if paged and self.faults.get("unpaged"):
            del message[2]
        elif paged and (self.faults.get("again") or
                        self.faults.get("endless") and message[2][1].endswith(b"\4\0")):
            answer = encode(0x30, encode(2, b"\0") + encode(4, b"go on"))
            message[2] = (0xA0, encode(0x30, encode(4, PAGED) + encode(4, answer)))
        return encode(0x30, join(message))


class Proxy:
    def __init__(self, url, **faults):
        host, port = url.split("//")[1].split(":")
        self.address, self.faults = (host, int(port)), faults
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ldap://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self):
        try:
            while True:
                connection = Connection(self.listener.accept()[0], self.address, self.faults)
                for run in (connection.up, connection.down):
                    threading.Thread(target=run, daemon=True).start()
        except OSError:
            pass

    def __enter__(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
