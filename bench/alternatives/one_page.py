"""One page of a memfd as a state machine of Hypothesis: what a user would write to test it in Python.

Prints one line of JSON: how many operations were performed and compared, and in how many seconds. An operation is one
call of mmap, munmap, load, store, read or write whose result was held against the model; steps whose precondition did not
hold and the making of a fresh page for each run are not counted, though their time is.

Usage: one_page.py RUNS SEED
"""

import json
import mmap
import os
import sys
import time

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

PAGE = 4096
DATA_MAX = 16

offsets = st.integers(0, PAGE - DATA_MAX)
lengths = st.integers(1, DATA_MAX)
contents = st.binary(min_size=1, max_size=DATA_MAX)


class OnePage(RuleBasedStateMachine):
    operations = 0

    def __init__(self):
        super().__init__()
        self.fd = os.memfd_create("one-page")
        os.ftruncate(self.fd, PAGE)
        self.page = None
        self.model = bytearray(PAGE)

    def teardown(self):
        if self.page is not None:
            self.page.close()
        os.close(self.fd)

    @precondition(lambda self: self.page is None)
    @rule()
    def mmap(self):
        OnePage.operations += 1
        self.page = mmap.mmap(self.fd, PAGE)
        assert len(self.page) == PAGE

    @precondition(lambda self: self.page is not None)
    @rule()
    def munmap(self):
        OnePage.operations += 1
        self.page.close()
        assert self.page.closed
        self.page = None

    @precondition(lambda self: self.page is not None)
    @rule(offset=offsets, length=lengths)
    def load(self, offset, length):
        OnePage.operations += 1
        assert self.page[offset : offset + length] == self.model[offset : offset + length]

    @precondition(lambda self: self.page is not None)
    @rule(offset=offsets, content=contents)
    def store(self, offset, content):
        OnePage.operations += 1
        self.page[offset : offset + len(content)] = content
        self.model[offset : offset + len(content)] = content

    @rule(offset=offsets, length=lengths)
    def read(self, offset, length):
        OnePage.operations += 1
        assert os.pread(self.fd, length, offset) == self.model[offset : offset + length]

    @rule(offset=offsets, content=contents)
    def write(self, offset, content):
        OnePage.operations += 1
        assert os.pwrite(self.fd, content, offset) == len(content)
        self.model[offset : offset + len(content)] = content


def main():
    runs, number = int(sys.argv[1]), int(sys.argv[2])
    begun = time.perf_counter()
    run_state_machine_as_test(
        seed(number)(OnePage),
        settings=settings(
            max_examples=runs,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    seconds = time.perf_counter() - begun
    print(json.dumps({"operations": OnePage.operations, "seconds": seconds}))


main()
