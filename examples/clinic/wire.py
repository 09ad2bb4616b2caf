"""How the day speaks HL7 v2: over MLLP, and field by field."""
import pathlib
import socket

HERE = pathlib.Path(__file__).resolve().parent


class Mllp:
    """A sending system: one connection, one message at a time, as most of them do it."""

    def __init__(self, port, tls=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self.buffer = b""

    def send(self, message):
        self.socket.sendall(b"\x0b" + message + b"\x1c\r")
        while b"\x1c\r" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("the gateway closed the connection")
            self.buffer += data
        frame, self.buffer = self.buffer.split(b"\x1c\r", 1)
        return frame.lstrip(b"\x0b").decode("utf-8", "replace")

    def close(self):
        self.socket.close()


def message(name):
    """A file of messages/ as it goes over the wire: segments end with CR."""
    return (HERE / "messages" / name).read_bytes().replace(b"\r\n", b"\r").replace(b"\n", b"\r")


def fields(er7, segment):
    """The fields of the first segment of that name, as strings by their number."""
    separator = er7[3]
    for line in er7.replace("\n", "\r").split("\r"):
        if line.startswith(segment):
            parts = line.split(separator)
            return [separator] + parts if segment == "MSH" else parts
    return []
