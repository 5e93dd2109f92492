"""Izhikevich neuron, chattering (Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569).

A high reset potential: bursts of closely spaced spikes, as in some pyramidal neurons of layer 2/3.
Equations and ranges: izhikevich, of which this is a parameter set.
"""

from brian2 import ms, mV

equations = """
dv/dt = ((0.04/mV)*(2*v_now*v - v_now**2) + 5*v + 140*mV - u + gain_below*I_syn)/ms : volt
du/dt = a*(b*v_now - u) : volt               # recovery
dI_syn/dt = -I_syn/tau_syn : volt            # synaptic input
v_now : volt
"""
threshold = "v >= v_peak"
reset = """
v = c
v_now = c
u += d
"""
on_step = "v_now = v"
on_pre = "I_syn_post += w*I_unit"
surrogate = "1/(1 + abs(v - v_th)/width)**2"  # pseudo-derivative, for rules that ask for one
initial = {"v": "c", "v_now": "c", "u": "b*c"}
parameters = {
    "a": 0.02 / ms,
    "b": 0.2,
    "c": -50 * mV,
    "d": 2 * mV,
    "v_peak": 30 * mV,
    "I_unit": 3 * mV,
    "tau_syn": 100 * ms,
    "v_th": -50 * mV,
    "width": 10 * mV,
}
