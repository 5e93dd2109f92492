"""One source file for all code objects of a project: what a compiler takes its time for is the headers, in every file.

A file of brian2cuda costs a quarter of a minute of nvcc for Thrust and cuRAND, one of C++ standalone a sixth of a
second, of which its own code is a tenth.
"""

import re

__all__ = ["merge"]


def merge(folder, suffix, others=()):
    """Make one file, ``code_objects/merged``, of a project's code objects, each in a namespace of its own.

    Parameters
    ----------
    folder : `pathlib.Path`
        Of the project; its makefile is changed.
    suffix : {".cpp", ".cu"}
    others : sequence of str
        Further sources that become part of that file as they are.
    """
    merged, includes, bodies = [*others], [], []
    for path in sorted((folder / "code_objects").glob(f"*{suffix}")):
        text, header = path.read_text(), path.with_suffix(".h").read_text()
        declared = re.findall(r"^\s*void (\w+)\(\);", header, re.M)
        if len(declared) != 1 or header.count("(") > 1:
            continue  # it has functions that other files call
        merged.append(f"code_objects/{path.name}")
        includes += [line for line in re.findall(r"^#include.*$", text, re.M) if line not in includes]
        body, name = re.sub(r"^#include.*$", "", text, flags=re.M), f"{path.stem}_file"
        # known in this file alone: then it can become part of the function that the network calls
        bodies.append(f"namespace {{ namespace {name} {{\n{body}\n}} }}")
        bodies.append(f"void {declared[0]}() {{ {name}::{declared[0]}(); }}\n")
        path.unlink()
    bodies += [f'#include "{source}"' for source in others]
    (folder / "code_objects" / f"merged{suffix}").write_text("\n".join([*includes, *bodies]) + "\n")
    makefile = (folder / "makefile").read_text()
    sources = re.search(r"^SRCS = (.*)$", makefile, re.M).group(1).split()
    sources = [f"code_objects/merged{suffix}", *(source for source in sources if source not in merged)]
    (folder / "makefile").write_text(re.sub(r"^SRCS = .*$", f"SRCS = {' '.join(sources)}", makefile, flags=re.M))
