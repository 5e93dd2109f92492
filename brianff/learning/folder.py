"""How a run begins and is taken up again: nothing that its folder holds changes the result in silence, or runs as code.

At the start, config.json gets every option, the composed equations, the versions, hashes of the data set and of the
model files that do not come with brianff, which are copied; then a hash of all of this, which seals every other file.
On resuming, options are validated as those of a new run, and all hashes are compared, before anything else happens.

A model file is Python, and runs when it is loaded.  Where a run has model files of its own, config.json is signed with
a key that only this user on this machine has (``~/.config/brianff/key``): somebody else's are run only if asked for.
"""

import ast
import contextlib
import dataclasses
import hashlib
import hmac
import importlib.metadata
import json
import os
import platform
import secrets
from pathlib import Path

from brianff.equations.model import Model, names_file
from brianff.errors import OptionError
from brianff.hashes import data_digest, file_digest
from brianff.results import ResultsError, RunFolder, config_digest

__all__ = [
    "begin_run", "check_data", "check_equations", "check_options", "reopen", "versions",
]  # fmt: skip


def versions():
    """Of everything that numbers depend on."""
    names = ("brianff", "brian2", "numpy", "scikit-learn")
    return {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in names},
        "machine": platform.machine(),
    }


# -- starting ------------------------------------------------------------------------------------------------------


def begin_run(path, method):
    """The new `RunFolder` of a `brianff.learning.method.Method`, made when everything is known to be in order."""
    config, models, copies = _config(method)
    document = {"config": config, "method": method.name, "dataset": method.data.name}
    if method.composition is not None:
        document |= {"equations": str(method.composition).splitlines(), "models": models}
    document |= {"data": data_digest(method.data), "versions": versions()}
    if given := getattr(method.options, "weights", None):
        document["weights"], content = _weights(given)
        copies = copies | {document["weights"]["copy"]: content}
    if document.get("models"):
        document["signature"] = _signature(document, method.report)
    return RunFolder.create(path, document, copies, method.report)


def _weights(path):
    """Entry of config.json for the file of weights that a run begins with, and its contents, which are copied."""
    content = Path(path).read_bytes()
    copy = f"initial_weights{Path(path).suffix}"
    return {"copy": copy, "original": path, "sha256": hashlib.sha256(content).hexdigest()}, content


def _config(method):
    """Options as config.json has them, its entries of model files, and these files' contents."""
    config = {one.name: getattr(method.options, one.name) for one in dataclasses.fields(method.options)}
    if isinstance(config.get("layers"), tuple):
        config["layers"] = [layer if isinstance(layer, int) else str(layer) for layer in config["layers"]]
    return config, *(_copies(config, method.composition) if method.composition is not None else ({}, {}))


def check_options(folder, method):
    """Refuse to go on with a run of other options or model files than those of a `brianff.learning.method.Method`."""
    document = folder.config
    config, models, _ = _config(method)
    now = json.loads(json.dumps(config | {"method": method.name}))
    then = document.get("config", {}) | {"method": document.get("method")}
    for name in ("method", *sorted((now.keys() | then.keys()) - {"device", "data", "download"})):
        if then.get(name) != now.get(name):
            raise ResultsError(
                f"{folder.path} has a run with {name} = {then.get(name)}, and now it is {now.get(name)}: choose "
                "another folder."
            )
    if given := getattr(method.options, "weights", None):
        if _weights(given)[0]["sha256"] != document.get("weights", {}).get("sha256"):
            raise ResultsError(
                f"{folder.path} was begun with other weights than those of {given}: take another folder."
            )
    for kind, entries in models.items():
        if [e["sha256"] for e in entries] != [e["sha256"] for e in document.get("models", {}).get(kind, ())]:
            raise ResultsError(
                f"{folder.path} was begun with another {kind} '{method.composition.models[kind].name}': put it back, "
                "or choose another folder."
            )


def _copies(config, composition):
    """Entries of config.json for the model files of a run, and the files' contents by their place in the folder.

    A model that was given as strings is written out as a file, which `config` names from then on.
    """
    entries, contents = {}, {}
    for kind, model in composition.models.items():
        chosen = config.get(kind)
        if isinstance(chosen, Model):
            config[kind] = f"models/{kind}/{chosen.name}.py"
            files = [(config[kind], None, chosen.source().encode())]
        elif names_file(chosen):
            chain = [os.path.abspath(model.path)]
            while names_file(_base_of(model.path)):
                model = model.base
                chain.append(os.path.abspath(model.path))
            top = os.path.commonpath([os.path.dirname(file) for file in chain])
            files = [(f"models/{kind}/{os.path.relpath(file, top)}", file, Path(file).read_bytes()) for file in chain]
        else:
            continue
        contents |= {place: content for place, _, content in files}
        entries[kind] = [
            {"copy": place, "original": original, "sha256": hashlib.sha256(content).hexdigest()}
            for place, original, content in files
        ]
    return entries, contents


def _base_of(path):
    """What a model file calls its base, or None; one that a copy of the file would not find is refused."""
    for node in ast.parse(Path(path).read_bytes()).body:
        if isinstance(node, ast.Assign) and any(getattr(t, "id", None) == "base" for t in node.targets):
            if not isinstance(node.value, ast.Constant) or os.path.isabs(str(node.value.value)):
                raise OptionError(
                    f"{path}:{node.lineno}: name the base relative to this file, as in base = 'other.py': a run keeps "
                    "copies of both."
                )
            return node.value.value
    return None


# -- going on ------------------------------------------------------------------------------------------------------


def reopen(path, options_class, report=lambda text: None, trust_models=False):
    """The `RunFolder` of an interrupted run and its options, of which nothing has changed.

    Options that name a model file name the copy in the folder.

    Parameters
    ----------
    path : path
    options_class : type
        A class of `brianff.learning.options.RunOptions`.
    report : callable, optional
        Called with a sentence that is worth knowing.
    trust_models : bool
        Load the copies of model files in the folder, whoever began the run, and whatever has become of the originals.

    Raises
    ------
    ResultsError
        If anything has been changed, or model files may not be loaded.
    """
    folder = RunFolder.open(path, report)
    document = folder.document
    place = folder.path / "config.json"
    values = _options(options_class, document, place)
    try:
        options = options_class(**values)
        options.resolved()
    except OptionError as error:
        raise ResultsError(f"{place}: {error}") from None
    folder.check_unchanged(document)
    now = versions()
    for name, then in document.get("versions", {}).items():
        if now.get(name) != then:
            report(f"begun with {name} {then}, and now it is {now.get(name)}: weights may differ in their last bits.")
    copies = _copied_weights(folder, document, options) | _trusted_models(folder, document, options, trust_models)
    return folder, dataclasses.replace(options, **copies)


def _copied_weights(folder, document, options):
    """The option that names a file of weights to begin with, and the copy in the folder."""
    if getattr(options, "weights", None) is None:
        return {}
    entry = document.get("weights")
    copy = folder.path / Path(str(entry.get("copy") if isinstance(entry, dict) else None)).name
    if not isinstance(entry, dict) or _file_digest(copy) != entry.get("sha256"):
        raise ResultsError(f"{copy} is not the file of weights with which the run was begun: put it back.")
    return {"weights": str(copy)}


def _options(options_class, document, place):
    """The options in config.json, which are those of the class, no more and no less."""
    values = document.get("config")
    if not isinstance(values, dict):
        raise ResultsError(f"{place} is not the configuration of a run of this protocol: it has no options.")
    fields = {field.name for field in dataclasses.fields(options_class)}
    if other := values.keys() ^ fields:
        raise ResultsError(
            f"{place} is not of this protocol, or of another version of brianff: the option '{min(other)}' "
            f"{'is missing' if min(other) in fields else 'is unknown'}."
        )
    return values


def check_equations(folder, composition):
    """Refuse to go on with other equations than those with which the run was begun."""
    then, now = folder.document.get("equations", []), str(composition or "").splitlines()
    if then != now:
        line = next((a for a, b in zip(then, now, strict=False) if a != b), "(nothing)")
        raise ResultsError(
            f"the models have changed since {folder.path} was begun, at: {line.strip()}. Put the equations of "
            "config.json back, or start a new run."
        )


def check_data(folder, data):
    """Refuse to go on with another data set than the one with which the run was begun."""
    if folder.document.get("data") != data_digest(data):
        raise ResultsError(
            f"the data set '{data.name}' is not the one with which {folder.path} was begun: images, labels or splits "
            "differ. Name the right files with --data."
        )


# -- model files ---------------------------------------------------------------------------------------------------


def _trusted_models(folder, document, options, trust_models):
    """Options that name a model file, and the copy in the folder that may be loaded in its place.

    Nothing has been loaded by then.
    """
    place = folder.path
    kinds = [kind for kind in getattr(options, "model_kinds", ()) if names_file(getattr(options, kind))]
    try:
        named = {kind: [(e["copy"], e["original"], e["sha256"]) for e in document["models"][kind]] for kind in kinds}
        first = {kind: str((place / entries[0][0]).resolve()) for kind, entries in named.items()}
        files = [entry for entries in named.values() for entry in entries]
        inside = all((place / copy).resolve().is_relative_to(place.resolve()) for copy, _, _ in files)
    except (LookupError, TypeError, ValueError):
        inside = False
    if not inside:
        raise ResultsError(f"{place / 'config.json'} does not name the copies of its model files.")
    for copy, _, digest in files:
        if _file_digest(place / copy) != digest:
            raise ResultsError(f"{place / copy} is not the model file with which the run was begun: put it back.")
    if files and not trust_models:
        signature = _signature(document)
        if not signature or signature != document.get("signature"):
            raise ResultsError(
                f"{place} was begun by somebody else or on another machine, and its model files are Python, which "
                f"would run: read those in {place / 'models'}, then add --trust-models."
            )
        for copy, original, digest in files:
            if original is not None and _file_digest(original) != digest:
                what = "has changed since" if Path(original).exists() else "is gone, with which"
                raise ResultsError(
                    f"{original} {what} {place} was begun: put it back, or add --trust-models to go on with the copy, "
                    f"{place / copy}."
                )
    return first


def _file_digest(path):
    try:
        return file_digest(path)
    except (OSError, TypeError, ValueError):
        return None


def _signature(document, report=lambda text: None):
    """What only this user can write below a configuration; "" where their key can neither be read nor made."""
    try:
        key = _key()
    except OSError as error:
        report(f"the key {error.filename} cannot be made ({error.strerror}): --resume will ask for --trust-models.")
        return ""
    return hmac.new(key, config_digest(document).encode(), "sha256").hexdigest()


def _key():
    """Random bytes in a file that only this user can read, made on first use."""
    base = os.environ.get("BRIANFF_CONFIG") or os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    path = Path(base) / "brianff" / "key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"key-{secrets.token_hex(8)}")
        with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
            f.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):
            os.link(made, path)  # whole, or not at all; another process may have been quicker
        made.unlink()
    key = path.read_bytes()
    if len(key) < 64:
        raise ResultsError(f"{path} is damaged: delete it. Runs with model files will then ask for --trust-models.")
    return key
