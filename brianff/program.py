"""For programs, imported first: Brian2 then leaves no log and no copy of the script behind, and is there sooner.

Importing Brian2 makes both, in the temporary folder, and takes half of its time for what no program here needs: pylab,
for the names of ``from brian2 import *``, Matplotlib, to ask for its version, Cython, pytest, and looking for garbage
where there is none.  Whoever imports brianff into a program of their own keeps Brian2 as they have set it: only the
protocols and the `brianff` command import this module.  Brian2 itself is imported when it is needed, which it is not
for ``--help``.
"""

import gc
import importlib.util
import logging
import shutil
import sys
import tempfile

# What Brian2 can do without, as long as no network runs in its Cython runtime: none does.
_UNUSED = ("pylab", "matplotlib", "Cython.Build", "pytest")


class _Quietly:
    """Finds Brian2 when it is imported for the first time, and cleans up after that."""

    def find_spec(self, name, path, target=None):
        if name != "brian2":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None:
            load = spec.loader.exec_module
            spec.loader.exec_module = lambda module: _quietly(load, module)
        return spec


def _quietly(load, module):
    from brianff.scratch import owned_folder

    folder = owned_folder("logs")  # swept away by the next run if this one is killed during the import
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    hook = sys.excepthook  # Brian2's own asks to report every error as a bug of Brian2
    absent = [name for name in _UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # None: not to be found
    collecting = gc.isenabled()
    gc.disable()
    try:
        load(module)
    finally:
        tempfile.tempdir, sys.excepthook = before, hook
        for name in absent:
            del sys.modules[name]
        if collecting:
            gc.freeze()  # what has been imported stays: looking through all of it takes a tenth of a second each time
            gc.enable()
    from brian2.utils.logger import BrianLogger

    if BrianLogger.file_handler is not None:
        logging.getLogger("brian2").removeHandler(BrianLogger.file_handler)
        BrianLogger.file_handler.close()
    BrianLogger.file_handler = BrianLogger.tmp_log = BrianLogger.tmp_script = None
    shutil.rmtree(folder, ignore_errors=True)


if "brian2" not in sys.modules:
    sys.meta_path.insert(0, _Quietly())
