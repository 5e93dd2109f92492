"""Izhikevich neuron, fast spiking (Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569).

A fast recovery: high rates without adaptation, as in cortical interneurons.
Equations and ranges: izhikevich, of which this is a parameter set.
"""

from brian2 import ms, mV

base = "izhikevich"
parameters = {"a": 0.1 / ms, "d": 2 * mV, "I_unit": 5 * mV}
