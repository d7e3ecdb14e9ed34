"""A web worker: the application, and how the process that serves it comes to its end."""

import gc
import os
import signal
import threading
import time
from importlib import import_module

ENDING = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM}


def application(master, module):
    """Load what the worker of this master serves: the `application` of a module.

    Granian's worker hangs when it is told to end twice, and it is: Ctrl-C, or a service manager, signals every process,
    and then the master signals its workers. So the signals are blocked here, and a thread that sees one wait passes
    on a single word. It does so as well when the master was killed, since nobody else would end the worker then.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # not the master's, which came along with the fork
    signal.signal(signal.SIGUSR1, end)
    threading.Thread(target=wait_for_the_end, args=(master,), daemon=True).start()
    served = import_module(module).application
    gc.collect()
    gc.freeze()  # what was loaded stays: the garbage collector need not look at it each time
    return served


def wait_for_the_end(master):
    while os.getppid() == master and not ENDING & signal.sigpending():
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGUSR1)


def end(number, frame):
    """Do what granian would do at SIGTERM, or just go when it is not that far yet."""
    gracefully = signal.getsignal(signal.SIGTERM)
    if not callable(gracefully):
        os._exit(0)
    gracefully(signal.SIGTERM, frame)
