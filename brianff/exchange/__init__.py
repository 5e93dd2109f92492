"""Taking results along: recordings as Neo or NWB, networks as NIR, and weights back.

    import brianff as ff

    recording = ff.load("runs/a").record([0, 1], neurons=range(10))
    block = ff.exchange.to_neo(recording)                  # a `neo.Block`
    ff.exchange.write(ff.exchange.to_nwb(recording), "a.nwb")
    graph = ff.exchange.to_nir(ff.load("runs/b"))          # a `nir.NIRGraph`
    ff.exchange.export("runs/a", "neo", "a.mat")           # all in one, as the command line does

Needs the extra: ``pip install 'brianff[exchange]'``.
"""

from brianff.lazy import at_first_use

_PLACES = {
    "export": "exchange.files",
    "read_weights": "learning.given_weights",
    "to_neo": "exchange.neo_blocks",
    "to_nir": "exchange.nir_graphs",
    "to_nwb": "exchange.nwb_files",
    "write": "exchange.writing",
}

__all__ = list(_PLACES)
__getattr__, __dir__ = at_first_use(__name__, _PLACES)
