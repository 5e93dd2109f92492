"""The structure of the package, read from its files: imports go downwards, and nothing grows too large.

What is allowed as an exception stands in a list here; an exception that is no longer needed makes its test fail, so
that the lists only get shorter.
"""

import ast
import functools

from conftest import ROOT

PACKAGE = ROOT / "brianff"
PACKAGES = {".".join(p.parent.relative_to(ROOT).parts) for p in PACKAGE.glob("**/__init__.py")}
LONGEST_MODULE = 600
LONGEST_FUNCTION = 60  # lines, its docstring apart
MOST_STOREYS = 8

LONG_MODULES = set()
LONG_FUNCTIONS = set()
CIRCLES = set()
PRIVATE = set()


@functools.cache
def modules():
    """Name of every module of the package -> its syntax tree."""
    found = {}
    for path in sorted(PACKAGE.glob("**/*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text())
    return found


def walk(tree):
    """All nodes, but for what only type checkers read."""
    if isinstance(tree, ast.If) and "TYPE_CHECKING" in ast.unparse(tree.test):
        return
    yield tree
    for node in ast.iter_child_nodes(tree):
        yield from walk(node)


def imported(name, tree):
    """Pairs of (module of the package, name that is taken from it or None), those inside functions included."""
    known = modules()
    for node in walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in known:
                    yield alias.name, None
        elif isinstance(node, ast.ImportFrom):
            package = name if name in PACKAGES else name.rpartition(".")[0]
            source = ".".join([package, *filter(None, [node.module])]) if node.level == 1 else node.module
            for alias in node.names:
                if (inner := f"{source}.{alias.name}") in known:
                    yield inner, None
                elif source in known:
                    yield source, alias.name


def arrows():
    """Module -> modules that it imports."""
    return {
        name: {target for target, _ in imported(name, tree)} - {name, "brianff"} for name, tree in modules().items()
    }


def circles():
    """Sets of modules that import each other, directly or by way of others."""
    reach = arrows()
    for _ in reach:
        reach = {a: targets.union(*(reach[b] for b in targets)) for a, targets in reach.items()}
    return {frozenset(b for b in reach if a in reach[b] and b in reach[a]) for a in reach if a in reach[a]}


def short(name):
    return name.removeprefix("brianff.")


def test_imports_go_in_no_circle():
    assert {" ".join(sorted(map(short, circle))) for circle in circles()} == CIRCLES


def test_storeys():
    """A module stands above all that it imports; the members of a circle stand side by side."""
    of_circle = {name: min(circle) for circle in circles() for name in circle}
    below = {}
    for name, targets in arrows().items():
        own = of_circle.get(name, name)
        below.setdefault(own, set()).update({of_circle.get(t, t) for t in targets} - {own})

    @functools.cache
    def storey(name):
        return 1 + max(map(storey, below[name]), default=0)

    highest = max(below, key=storey)
    assert storey(highest) <= MOST_STOREYS, f"{short(highest)} stands on storey {storey(highest)}"


def test_no_private_name_of_another_module_is_used():
    used = {
        f"{short(name)}: {short(target)}.{what}"
        for name, tree in modules().items()
        for target, what in imported(name, tree)
        if what and what.startswith("_") and target != name
    }
    assert used == PRIVATE


def test_modules_are_short():
    lengths = {p.relative_to(PACKAGE).as_posix(): len(p.read_text().splitlines()) for p in PACKAGE.glob("**/*.py")}
    assert {name for name, lines in lengths.items() if lines > LONGEST_MODULE} == LONG_MODULES


def lines_of(function):
    first, last = function.body[0].lineno, function.body[-1].end_lineno
    if ast.get_docstring(function):
        first = function.body[0].end_lineno + 1
    return last - first + 1


def test_functions_are_short():
    long = {
        f"{short(name)}.{node.name}"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and lines_of(node) > LONGEST_FUNCTION
    }
    assert long == LONG_FUNCTIONS


if __name__ == "__main__":  # what stands where
    for name, targets in arrows().items():
        print(short(name), "->", " ".join(sorted(map(short, targets))))
