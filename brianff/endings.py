"""How a program ends: one sentence and an exit status for whatever a user can do something about."""

import atexit
import contextlib
import errno
import functools
import gc
import os
import sys
import warnings

from rich.console import Console

from brianff.errors import BrianffError, BrianffWarning, speaking_of_options

__all__ = ["CLOSED", "OutputConsole", "OutputError", "Stopped", "fail_cleanly", "of_output", "warnings_said"]

CLOSED = 128 + 13  # as of a program that SIGPIPE has ended
_OF_THE_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG, errno.EPIPE, errno.EBADF}


class Stopped(BrianffError):
    """Training was interrupted by the user; everything up to the last checkpoint is saved."""


class OutputError(BrianffError):
    """Nobody reads what is printed, or it cannot be written; `more` says what has become of the work."""

    def __init__(self, error, more=""):
        closed = error.errno == errno.EPIPE
        self.status = CLOSED if closed else 1
        reason = "nobody reads the output any more" if closed else f"the output cannot be written: {error.strerror}"
        super().__init__(f"{reason}{more or '.'}")


class OutputConsole(Console):
    """A console that leaves it to the program what to do when nobody reads any more."""

    def progress(self, *columns):
        """Bars, which vanish at the end; nothing without a terminal."""
        from rich.progress import Progress  # which --help needs not

        disable = not (self.is_terminal or self.is_jupyter)
        return Progress(*columns, console=self, disable=disable, transient=True)

    def on_broken_pipe(self):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def of_output(error):
    """Whether an OSError is that of printing: errors of files name the file."""
    return error.filename is None and error.errno in _OF_THE_MACHINE


def _say(sentence):
    with contextlib.suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)


def _sentence(error):
    """What to say of an error that a user can do something about, and the exit status; None for a bug of ours."""
    if isinstance(error, BrianffError):
        return f"{error}", getattr(error, "status", 1)
    if isinstance(error, MemoryError):
        return f"there is not enough memory ({error}): try smaller --layers, --batch, --chunk or --limit.", 1
    many = "raise the limit of open files, as in ulimit -n 1024"
    if getattr(error, "errno", None) in (errno.EMFILE, errno.ENFILE) or "Too many open files" in str(error):
        return f"too many open files: {many}.", 1
    if isinstance(error, OSError):
        if error.filename is not None:
            return f"{error.filename}: {error.strerror}.", 1
        if of_output(error):
            return f"{OutputError(error)}", OutputError(error).status
        if error.errno in (errno.ENOMEM, errno.EAGAIN):
            return f"there is not enough memory, or there are too many processes ({error.strerror}).", 1
    return None


def _flush():
    """Write out what was printed: an error in doing so is noticed here, and not when Python has ended."""
    try:
        sys.stdout.flush()
    except OSError as error:
        with contextlib.suppress(OSError, ValueError):  # Python tries once more at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OutputError(error, "; what was computed is unharmed.")
    return None


@contextlib.contextmanager
def warnings_said(say):
    """A `BrianffWarning` is a sentence for the function `say`, without the line of code that it comes from."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", BrianffWarning)
        others = warnings.showwarning

        def show(message, category, *where, **more):
            if issubclass(category, BrianffWarning):
                say(f"warning: {message}")
            else:
                others(message, category, *where, **more)

        warnings.showwarning = show
        yield


def fail_cleanly(main):
    """Turn the errors that a user can do something about into one sentence and an exit status; warnings as well."""

    @functools.wraps(main)
    @speaking_of_options()
    def wrapped(arguments=None):
        sys.excepthook = sys.__excepthook__  # Brian2's asks to report every error as a bug of Brian2
        # After an interrupt or an error, Python's last garbage collection crashes now and then (3.12.1).
        atexit.register(gc.freeze)
        try:
            with warnings_said(_say):
                status = main(arguments) or 0
        except SystemExit as end:  # of the command line's parser
            if (lost := _flush()) is None or end.code:
                raise
            _say(f"error: {lost}")
            return lost.status
        except (Stopped, KeyboardInterrupt) as interrupt:
            _say(f"\n{interrupt if isinstance(interrupt, Stopped) else 'interrupted'}")
            status = 130
        except Exception as error:
            found = _sentence(error)
            if found is None:
                raise
            _say(f"error: {' '.join(found[0].splitlines())}")  # what was given may have several lines
            status = found[1]
        lost = _flush()
        if lost is not None and not status:
            _say(f"error: {lost}")
            return lost.status
        return status

    return wrapped
