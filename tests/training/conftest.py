"""What tests of training share."""
import signal

import pytest


@pytest.fixture
def ctrl_c():
    """Ctrl-C interrupts, also where the tests run in the background and it would be ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
