"""Where the files of the idx data sets are found, and their download."""

import os
from dataclasses import dataclass
from pathlib import Path

from .dataset import DatasetError

# Debian's package dataset-fashion-mnist installs its files here.
DEBIAN_FOLDER = Path("/usr/share/datasets")

DOWNLOAD_TIMEOUT = 60  # seconds without an answer
_VARIABLE = " or the environment variable BRIANFF_DATA"


@dataclass(frozen=True)
class Place:
    """What tells the folder of a data set that is not downloaded.

    Parameters
    ----------
    title : str
        Name for people.
    folders : tuple of str
        Sub-folders in which it usually lies.
    holds : tuple of str
        What must be in it, as patterns of `pathlib.Path.glob`.
    home : str
        Address where the files come from.
    """

    title: str
    folders: tuple
    holds: tuple
    home: str


def cache_dir():
    """Folder, as a `pathlib.Path`, that keeps downloaded files."""
    import pooch

    return Path(pooch.os_cache("brianff"))


def find_files(idx_set, data=None, cached=True):
    """Find the files of a data set on this machine.

    Parameters
    ----------
    idx_set : brianff.datasets.idx_sets.IdxSet
    data : path-like, optional
        Only folder to search; by default the usual ones are searched in turn, with `cached` the downloaded files, too.

    Returns
    -------
    list of pathlib.Path
        Either the four idx files in the order of ``idx_set.files``, or one npz archive that holds them all.

    Raises
    ------
    DatasetError
        If no folder has all the files; the message lists the folders.
    """
    folders = _usual_folders(idx_set, cached) if data is None else _given_folders(idx_set, data)
    searched = []
    for folder in dict.fromkeys(folders):
        paths = [_variant(folder, stem) for stem in idx_set.files]
        if all(paths):
            return paths
        if idx_set.npz and os.path.isfile(folder / idx_set.npz):
            return [folder / idx_set.npz]
        lacking = [stem for stem, path in zip(idx_set.files, paths, strict=True) if not path]
        searched.append(_without(folder, lacking, idx_set.files))
    variable, instead = (_VARIABLE, "") if data is None else ("", " in place of --data")
    raise _not_found(
        f"{idx_set.title} ({', '.join(idx_set.files)}, plain or .gz)",
        searched,
        f"Name the folder that holds the files with --data DIR{variable}, or fetch them with --download{instead}.",
    )


def find_folder(place, data=None):
    """Find the folder of a data set on this machine.

    Parameters
    ----------
    place : Place
    data : path-like, optional
        Only folder to search; by default ``$BRIANFF_DATA``, ``./data`` and ``~/data``.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DatasetError
        If no folder holds all that it should; the message lists the folders.
    """
    folders = _roots(place) if data is None else _given_folders(place, data)
    searched = []
    for folder in dict.fromkeys(folders):
        lacking = [pattern for pattern in place.holds if next(folder.glob(pattern), None) is None]
        if not lacking:
            return folder
        searched.append(_without(folder, lacking, place.holds))
    remedy = f"Get it from {place.home}, and name its folder with --data DIR{_VARIABLE if data is None else ''}."
    raise _not_found(f"{place.title} ({', '.join(place.holds)})", searched, remedy)


def download_files(idx_set):
    """Download the files of a data set into the cache: paths in the order of ``idx_set.files``.

    Files that are there already with the right checksum are kept, others replaced.

    Raises
    ------
    DatasetError
        If no mirror serves a file with the right checksum.
    """
    import pooch

    folder = cache_dir() / idx_set.cache
    if idx_set.archive is None:
        return [_retrieve(idx_set, f"{stem}.gz", folder, idx_set.checksums[stem]) for stem in idx_set.files]
    members = [f"gzip/{stem}.gz" for stem in idx_set.files]
    unzip = pooch.Unzip(members=members, extract_dir=".")
    archive, checksum = idx_set.archive
    _retrieve(idx_set, archive, folder, checksum, unzip)
    return [folder / member for member in members]


def _folders_under(root, idx_set):
    # The root itself comes last, as MNIST, Fashion-MNIST and KMNIST give their files
    # the same names: a sub-folder's name tells which of them it holds.
    return [root / folder for folder in idx_set.folders] + [root / "raw", root]


def _given_folders(wanted, data):
    root = Path(data).expanduser()
    if not os.path.isdir(root):
        raise DatasetError(
            f"the folder {root} (--data) does not exist or is a file: name the folder that holds the files of "
            f"{wanted.title}."
        )
    return _folders_under(root, wanted)


def _roots(wanted):
    folders = []
    if os.environ.get("BRIANFF_DATA"):
        root = Path(os.environ["BRIANFF_DATA"]).expanduser()
        folders += _folders_under(root, wanted)
    for root in (Path.cwd() / "data", Path.home() / "data"):
        folders += [root / folder for folder in wanted.folders]
    return folders


def _usual_folders(idx_set, cached):
    folders = _roots(idx_set)
    keras = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    keras_datasets = Path(keras).expanduser() / "datasets"
    if idx_set.npz:
        folders.append(keras_datasets)
    if idx_set.name == "fashion-mnist":
        folders += [keras_datasets / "fashion-mnist", DEBIAN_FOLDER / "fashion-mnist"]
    if cached:
        cache = cache_dir() / idx_set.cache
        folders.append(cache / "gzip" if idx_set.archive else cache)
    return folders


def _variant(folder, stem):
    """Path of a file under one of its usual names, plain before gzip, or None."""
    dotted = stem.replace("-idx", ".idx")
    paths = [folder / name for name in (stem, dotted, f"{stem}.gz", f"{dotted}.gz")]
    # Unlike Path.is_file, this passes over folders that may not be searched.
    return next((path for path in paths if os.path.isfile(path)), None)


def _without(folder, lacking, wanted):
    """A folder that was searched, with what it lacks where it has something of what is wanted."""
    return f"  {folder} (lacks {', '.join(lacking)})" if len(lacking) < len(wanted) else f"  {folder}"


def _not_found(what, searched, remedy):
    return DatasetError("\n".join([f"{what} was not found in any of these folders:", *searched, remedy]))


def _retrieve(idx_set, name, folder, checksum, processor=None):
    import pooch

    failures = []
    for mirror in idx_set.mirrors:
        try:
            pooch.retrieve(
                mirror + name,
                known_hash=checksum,
                fname=name,
                path=folder,
                processor=processor,
                downloader=pooch.HTTPDownloader(timeout=DOWNLOAD_TIMEOUT),
            )
            return folder / name
        # pooch raises ValueError on a wrong checksum; requests' errors are OSErrors.
        except (ValueError, OSError) as error:
            failures.append(f"  {mirror}{name}: {error}")
    failed = f"{name} of {idx_set.title} could not be downloaded to {folder}:"
    remedy = "Try again later, or get the files elsewhere and name their folder with --data DIR."
    raise DatasetError("\n".join([failed, *failures, remedy]))
