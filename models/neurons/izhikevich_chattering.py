"""Izhikevich neuron, chattering (Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569).

A high reset potential: bursts of closely spaced spikes, as in some pyramidal neurons of layer 2/3.
Equations and ranges: izhikevich, of which this is a parameter set.
"""

from brian2 import mV

base = "izhikevich"
parameters = {"c": -50 * mV, "d": 2 * mV, "I_unit": 3 * mV}
