"""``python -m brianff``: the command `brianff`."""

import runpy

if __name__ == "__main__":
    runpy.run_module("brianff.command_line.main", run_name="__main__", alter_sys=True)
