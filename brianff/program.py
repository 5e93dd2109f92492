"""For programs, imported first: Brian2 then leaves no log and no copy of the script behind.

Importing Brian2 makes both, in the temporary folder.  Whoever imports brianff into a program of their own keeps Brian2
as they have set it: only the protocols and the `brianff` command import this module.
"""

import shutil
import sys
import tempfile


def _import_quietly():
    from brianff.scratch import owned_folder

    folder = owned_folder("logs")  # swept away by the next run if this one is killed during the import
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        import brian2  # noqa: F401
    finally:
        tempfile.tempdir = before

    import logging

    from brian2.utils.logger import BrianLogger

    if BrianLogger.file_handler is not None:
        logging.getLogger("brian2").removeHandler(BrianLogger.file_handler)
        BrianLogger.file_handler.close()
    BrianLogger.file_handler = BrianLogger.tmp_log = BrianLogger.tmp_script = None
    shutil.rmtree(folder, ignore_errors=True)


if "brian2" not in sys.modules:
    _import_quietly()
