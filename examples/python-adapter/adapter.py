#!/usr/bin/env python3
"""An adapter for mmap-conformance in Python, with nothing but the standard library.

It puts this machine's kernel under test, with a memfd in place of the device's buffer: mappings, protections, copy-on-write
and faults are real. It speaks the protocol of docs/protocol.md on its standard input and output.

Accesses to memory are tried in a forked child, whose signal handler reports what the fault was. So a fault costs a child,
and never the adapter.
"""

import ctypes
import errno
import json
import os
import platform
import re
import signal
import struct
import sys

VERSION = 4
PAGE = 4096

# The range in which programs map. It lies far below where the kernel searches for free addresses, so nothing else gets there.
ARENA = 0x200000000000
ARENA_PAGES, GUARD_PAGES, ZONE_PAGES = 32, 16, 64
ZONE_FIRST = -(GUARD_PAGES + ZONE_PAGES)

OPERATIONS = ["open", "close", "dup", "read", "write", "mmap", "munmap", "mprotect", "load", "store", "checkpoint"]

MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_TYPE_BITS = 0x10, 0x100000, 0x0F
MAP_TYPES = {"none": 0, "shared": 1, "private": 2, "validate": 3, "both-bits-and-more": MAP_TYPE_BITS}
ACCESS = {"ro": os.O_RDONLY, "wo": os.O_WRONLY, "rw": os.O_RDWR, "neither": 3}
SIGNAL_CODES = {signal.SIGSEGV: {1: "MAPERR", 2: "ACCERR", 4: "PKUERR"}, signal.SIGBUS: {1: "ADRALN", 2: "ADRERR", 3: "OBJERR"}}

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
SYS = {"x86_64": {"mmap": 9, "mprotect": 10, "munmap": 11}}.get(platform.machine())


class Refused(Exception):
    """A command that cannot be followed."""


class Skipped(Exception):
    """A program that is beyond this adapter."""


class Unsafe(Exception):
    """An operation that would touch what belongs to the adapter."""


class Unbound(Exception):
    """An operation that names a mapping or a process that is not there."""


def system_call(name, *arguments):
    """A system call as it is, so that no wrapper of a library has an opinion of its own about the arguments."""
    words = [ctypes.c_ulong(argument & (2**64 - 1)) for argument in arguments]
    result = libc.syscall(ctypes.c_long(SYS[name]), *words)
    if result == -1:
        raise OSError(ctypes.get_errno(), name)
    return result & (2**64 - 1)


def encode(data):
    """Bytes as the protocol writes them: hex, with runs of four or more equal bytes as XX*N."""
    pieces, literal = [], ""
    for run in re.finditer(rb"(?s)(.)\1*", data):
        byte, count = run.group(1).hex(), len(run.group(0))
        if count < 4:
            literal += byte * count
            continue
        if literal:
            pieces.append(literal)
            literal = ""
        pieces.append(f"{byte}*{count}")
    if literal:
        pieces.append(literal)
    return ",".join(pieces)


def expand(data):
    """The bytes of a text that is repeated up to a length."""
    text, length = data["text"].encode("latin-1"), data["length"]
    return (text * (length // len(text) + 1))[:length]


def pages_of(length):
    """A length in pages, rounded up as an unsigned 64-bit number, and whether rounding made it wrap around."""
    unsigned = int(length) & (2**64 - 1)
    rounded = (unsigned + PAGE - 1) & ~(PAGE - 1)
    return (rounded & (2**64 - 1)) // PAGE, rounded >= 2**64


def check_safe(at, length, refuses_long):
    """The rule of docs/protocol.md, `unsafe`: a range lies in the arena, or in the zone, or is not touched."""
    pages, wraps = pages_of(length)
    size = int(length) & (2**64 - 1)
    if wraps or pages == 0:
        size = 0
    elif size >= 2**47:
        if not refuses_long:
            raise Unsafe
        size = 0
    first = at // PAGE
    end = max(-(-(at + size) // PAGE), first + 1)
    in_arena = first >= 0 and end <= ARENA_PAGES
    in_zone = first >= ZONE_FIRST and end <= -GUARD_PAGES
    if not (in_arena or in_zone):
        raise Unsafe


class SignalInfo(ctypes.Structure):
    """The beginning of siginfo_t."""

    _fields_ = [("number", ctypes.c_int), ("error", ctypes.c_int), ("code", ctypes.c_int), ("pad", ctypes.c_int), ("address", ctypes.c_void_p)]


class SignalAction(ctypes.Structure):
    """struct sigaction of the C library on x86-64."""

    _fields_ = [("handler", ctypes.c_void_p), ("mask", ctypes.c_ulong * 16), ("flags", ctypes.c_int), ("restorer", ctypes.c_void_p)]


def try_access(address, length, write):
    """Accesses memory byte by byte in a child. Returns None, or the fault: signal, code, address.

    `write` are the bytes to store, or None. Stores to shared mappings stay; those to private ones are the child's own.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        handler_type = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.POINTER(SignalInfo), ctypes.c_void_p)

        def on_fault(number, info, _context):
            os.write(writer, struct.pack("iiQ", number, info.contents.code, info.contents.address or 0))
            os._exit(0)

        handler = handler_type(on_fault)
        action = SignalAction(handler=ctypes.cast(handler, ctypes.c_void_p), flags=4)  # SA_SIGINFO
        for number in SIGNAL_CODES:
            libc.sigaction(int(number), ctypes.byref(action), None)
        # One byte in each page decides for the page, in the order of the addresses.
        at = address
        while at < address + length:
            if write is None:
                ctypes.string_at(at, 1)
            else:
                ctypes.memset(at, write[at - address], 1)
            at = (at // PAGE + 1) * PAGE
        os._exit(0)
    os.close(writer)
    report = os.read(reader, 16)
    os.close(reader)
    _, status = os.waitpid(child, 0)
    if len(report) == 16:
        return struct.unpack("iiQ", report)
    if status != 0:
        raise RuntimeError(f"the child that accesses memory ended with status {status}")
    return None


class Description:
    """An open file description: the memfd keeps the bytes, this keeps the position, which is the driver's business."""

    def __init__(self):
        self.position = 0


class Device:
    """What is under test: a device whose buffer is a memfd, and a process that has it open and mapped."""

    def __init__(self, contract):
        self.contract = contract
        self.size = contract["buffer"]["pages"] * PAGE
        self.buffer = os.memfd_create("device")
        self.begin()

    def begin(self):
        """Every program starts clean: a new buffer, and nothing open or mapped."""
        os.ftruncate(self.buffer, 0)
        os.ftruncate(self.buffer, self.size)
        os.pwrite(self.buffer, self.contract["buffer"]["initial"].encode("latin-1"), 0)
        self.variables, self.descriptions = {}, {}
        probe = os.dup(self.buffer)
        os.close(probe)
        # The numbers of a program count from here.
        self.first = probe

    def clean(self):
        system_call("munmap", ARENA, ARENA_PAGES * PAGE)
        system_call("munmap", ARENA + ZONE_FIRST * PAGE, ZONE_PAGES * PAGE)
        for number in sorted(self.descriptions):
            os.close(number)
        self.descriptions = {}

    # Variables.

    def number(self, name):
        return self.variables.get(name, -1)

    def bind(self, name, number, description):
        self.variables[name] = number
        self.descriptions[number] = description
        return {"ret": number - self.first}

    def place(self, address):
        """A place in memory in bytes from the start of the arena."""
        if "arena" in address:
            return address["arena"]
        if address["map"] not in self.variables:
            raise Unbound
        return self.variables[address["map"]] + address["offset"]

    # Operations. Each yields its outcome; an OSError is one, too.

    def open(self, op):
        # These change nothing that a program of this adapter's operations can see; a memfd would take O_APPEND at its word.
        if set(op.get("flags", [])) - {"append", "cloexec", "creat", "nonblock", "sync", "trunc"} or "fail" in op:
            raise Skipped("open with such flags, or with a failure, is not performed by this adapter")
        if "user" in op and self.contract["node"].get("mode", "0666") != "0666":
            raise Skipped("permissions are not looked at by this adapter")
        number = os.open(f"/proc/self/fd/{self.buffer}", ACCESS[op["access"]] | os.O_CLOEXEC)
        return self.bind(op["to"], number, Description())

    def close(self, op):
        number = self.number(op["fd"])
        # A number that a program made up could be one of the adapter's own.
        if number not in self.descriptions:
            raise OSError(errno.EBADF, "close")
        os.close(number)
        del self.descriptions[number]
        return {"ret": 0}

    def dup(self, op):
        number = self.number(op["fd"])
        if number not in self.descriptions:
            raise OSError(errno.EBADF, "dup")
        return self.bind(op["to"], os.dup(number), self.descriptions[number])

    def read(self, op):
        if "fail" in op:
            raise Skipped("nothing can be made to fail here")
        number = self.number(op["fd"])
        description = self.descriptions.get(number)
        if description is None:
            raise OSError(errno.EBADF, "read")
        end = self.contract["read"]["size"]
        length = max(0, min(op["length"], end - description.position))
        data = os.pread(number, length, description.position)
        description.position += len(data)
        return {"ret": len(data), "data": encode(data)}

    def write(self, op):
        if "fail" in op:
            raise Skipped("nothing can be made to fail here")
        number = self.number(op["fd"])
        description = self.descriptions.get(number)
        if description is None:
            raise OSError(errno.EBADF, "write")
        data = expand(op["data"])
        # Whether it may be written at all is asked first, with nothing to write.
        os.pwrite(number, b"", 0)
        room = self.contract["write"]["size"] - description.position
        if room <= 0:
            if self.contract["write"]["atEnd"] == "ENOSPC":
                raise OSError(errno.ENOSPC, "write")
            return {"ret": 0}
        written = os.pwrite(number, data[:room], description.position)
        description.position += written
        return {"ret": len(data) if self.contract["write"]["returns"] == "length" else written}

    def mmap(self, op):
        length, offset = int(op["length"]), int(op["offset"])
        prot, flags = self.protection(op["prot"]), MAP_TYPES[op["type"]]
        place = op.get("place")
        at = None
        if place is not None:
            at = self.place(place["at"])
            check_safe(at, length, refuses_long=True)
        pages, wraps = pages_of(length)
        possible = not wraps and pages > 0 and pages * PAGE < 2**47
        how = place["how"] if place else None
        if how == "hint":
            at = at // PAGE * PAGE
            if not possible or not self.is_free(at // PAGE, pages):
                at = None
        # Where the kernel may choose, this adapter has chosen what is free.
        flags |= MAP_FIXED_NOREPLACE if how == "noreplace" else MAP_FIXED
        if at is None and possible:
            gap = self.gap(pages)
            if gap is None:
                return self.no_room(op)
            at = gap * PAGE
        number = self.number(op["fd"])
        descriptor = number if number in self.descriptions else -1
        address = system_call("mmap", ARENA + (at or 0), length, prot, flags, descriptor, offset)
        start = (offset & (2**64 - 1)) // PAGE
        first = (address - ARENA) // PAGE
        # A mapping that continues its neighbour becomes part of it, and then the driver is not asked.
        is_asked = (first, first + pages) in self.areas()
        if self.contract["mmap"]["range"] == "buffer" and start + pages > self.contract["buffer"]["pages"] and is_asked:
            # The driver refuses when the kernel has made room already, so what lay there is gone.
            system_call("munmap", address, pages * PAGE)
            raise OSError(errno.EINVAL, "mmap")
        self.variables[op["to"]] = address - ARENA
        return {"ret": (address - ARENA) // PAGE}

    def no_room(self, op):
        """What the kernel checks before it searches for room."""
        if int(op["offset"]) % PAGE != 0:
            raise OSError(errno.EINVAL, "mmap")
        if self.number(op["fd"]) not in self.descriptions:
            raise OSError(errno.EBADF, "mmap")
        raise OSError(errno.ENOMEM, "mmap")

    def munmap(self, op):
        return self.on_range("munmap", op, True)

    def mprotect(self, op):
        return self.on_range("mprotect", op, False, self.protection(op["prot"]))

    def on_range(self, name, op, refuses_long, *arguments):
        at = self.place(op["at"])
        check_safe(at, op["length"], refuses_long)
        system_call(name, ARENA + at, int(op["length"]), *arguments)
        return {"ret": 0}

    def load(self, op):
        at, length = self.place(op["at"]), op["length"]
        check_safe(at, length, False)
        fault = try_access(ARENA + at, length, None)
        good = length if fault is None else fault[2] - (ARENA + at)
        data = encode(ctypes.string_at(ARENA + at, good))
        return {"ret": length, "data": data} if fault is None else {**self.fault(fault, at), "data": data}

    def store(self, op):
        at, data = self.place(op["at"]), expand(op["data"])
        check_safe(at, len(data), False)
        fault = try_access(ARENA + at, len(data), data) if data else None
        good = len(data) if fault is None else fault[2] - (ARENA + at)
        ctypes.memmove(ARENA + at, data, good)
        return {"ret": len(data)} if fault is None else self.fault(fault, at)

    def checkpoint(self, _op):
        return {"ret": 0}

    # Helpers.

    @staticmethod
    def fault(fault, at):
        number, code, address = fault
        codes = SIGNAL_CODES[signal.Signals(number)]
        return {"signal": signal.Signals(number).name, "code": codes.get(code, str(code)), "at": address - (ARENA + at)}

    @staticmethod
    def protection(text):
        return sum(bit for bit, letter in zip((1, 2, 4), text) if letter != "-")

    @staticmethod
    def areas():
        """What is mapped in arena and zone, in pages: (first, end), descending."""
        areas = []
        with open("/proc/self/maps", encoding="ascii") as maps:
            for line in maps:
                first, end = (int(word, 16) - ARENA for word in line.split()[0].split("-"))
                if ZONE_FIRST * PAGE <= first < ARENA_PAGES * PAGE:
                    areas.append((first // PAGE, end // PAGE))
        return areas[::-1]

    def is_free(self, first, pages):
        return all(end <= first or start >= first + pages for start, end in self.areas())

    def gap(self, pages):
        """The highest gap of the arena, else of the zone, that is long enough; its end is taken."""
        for low, top in ((0, ARENA_PAGES), (ZONE_FIRST, -GUARD_PAGES)):
            for start, end in self.areas() + [(low, low)]:
                if start >= top:
                    continue
                if end < low:
                    break
                if top - end >= pages:
                    return top - pages
                top = start
        return None

    def perform(self, op):
        """One operation, and what was observed of it."""
        try:
            if op["actor"] != "p0":
                raise Unbound
            return {"outcome": getattr(self, op["op"])(op)}
        except Unbound:
            return {"outcome": {"none": "unbound"}}
        except Unsafe:
            return {"outcome": {"none": "unsafe"}}
        except OSError as error:
            # Two names for one number: the protocol has the other one.
            name = "EOPNOTSUPP" if error.errno == errno.EOPNOTSUPP else errno.errorcode[error.errno]
            return {"outcome": {"errno": name}}

    def run(self, program):
        if "setting" in program:
            raise Skipped("limits are not set by this adapter")
        for op in program["ops"]:
            if op["op"] == "mmap" and op.get("flags"):
                raise Skipped("mmap with flags is not performed by this adapter")
            if op["op"] not in OPERATIONS:
                raise Skipped(f"{op['op']} is not performed by this adapter")
        self.begin()
        try:
            steps = [self.perform(op) for op in program["ops"]]
        finally:
            self.clean()
        return {"result": "observed", "steps": steps, "end": {"outcome": {"ret": 0}}}


class Adapter:
    """The adapter's side of the conversation."""

    def __init__(self):
        self.is_started = False
        self.device = None

    def answer(self, line):
        """The events that answer one line."""
        try:
            command = json.loads(line)
            if not isinstance(command, dict) or command.get("cmd") not in ("start", "configure", "run", "stop"):
                raise Refused("a command is an object with a `cmd`: start, configure, run or stop")
            yield from getattr(self, command["cmd"])(command)
        except ValueError as error:
            yield {"event": "refused", "message": f"this line is not JSON: {error}"}
        except (Refused, KeyError, TypeError) as error:
            yield {"event": "refused", "message": f"this cannot be followed: {error}"}

    def start(self, command):
        if command.get("version") != VERSION:
            raise Refused(f"this adapter speaks version {VERSION} of the protocol, not {command.get('version')}")
        self.is_started = True
        with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
            has_keys = " ospke" in cpuinfo.read()
        yield {
            "event": "started",
            "version": VERSION,
            "implementation": {"name": "python-memfd", "version": "1"},
            "levels": ["outcome"],
            "operations": OPERATIONS,
            "settings": [],
            "mapFlags": [],
            "failures": [],
            "repeat": False,
            "kernel": {"release": platform.release(), "machine": platform.machine()},
            "facts": {
                "pageSize": PAGE,
                "arenaPages": ARENA_PAGES,
                "guardPages": GUARD_PAGES,
                "zonePages": ZONE_PAGES,
                "memoryPages": os.sysconf("SC_PHYS_PAGES"),
                "executeOnly": has_keys,
                "softDirty": False,
                "memForce": False,
                "memoryFailure": False,
                "samePageMerging": False,
                "hugePages": False,
                "stepwiseCopies": False,
            },
        }

    def configure(self, command):
        if not self.is_started:
            raise Refused("send `start` first")
        seq, contract = command["seq"], command["contract"]
        problem = unserved(contract)
        if problem is not None:
            yield {"event": "configured", "seq": seq, "ok": False, "message": problem}
            return
        if self.device is not None:
            os.close(self.device.buffer)
        self.device = Device(contract)
        yield {"event": "configured", "seq": seq, "ok": True, "noexec": False, "regular": True}

    def run(self, command):
        if self.device is None:
            raise Refused("send `configure` first")
        if "repeat" in command:
            raise Refused("programs are not repeated by this adapter")
        for index, program in enumerate(command["programs"]):
            try:
                result = self.device.run(program)
            except Skipped as reason:
                result = {"result": "skipped", "reason": str(reason)}
            except Exception as error:  # Whatever it is: the next program has a chance.
                result = {"result": "errored", "message": f"{type(error).__name__}: {error}"}
            yield {"seq": command["seq"], "index": index, **result}

    def stop(self, _command):
        yield {"event": "stopped"}


def unserved(contract):
    """Why a contract cannot be served; None if it can."""
    if SYS is None:
        return f"this adapter knows the system calls of x86-64 only, not of {platform.machine()}"
    if contract["buffer"]["owner"] != "device" or contract["fault"] != "offset":
        return "a memfd is one buffer for all, mapped by offset: it cannot play a device whose opens have pages of their own"
    if contract["lseek"] != "none" or contract["write"]["position"] != "honoured":
        return "this adapter plays devices without lseek whose writes honour the position"
    return None


def main():
    adapter = Adapter()
    for line in sys.stdin:
        for event in adapter.answer(line):
            sys.stdout.write(json.dumps(event) + "\n")
            sys.stdout.flush()
            if event.get("event") == "stopped":
                return


if __name__ == "__main__":
    main()
