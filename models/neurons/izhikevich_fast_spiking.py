"""Izhikevich neuron, fast spiking (Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569).

A fast recovery: high rates without adaptation, as in cortical interneurons.
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
    "a": 0.1 / ms,
    "b": 0.2,
    "c": -65 * mV,
    "d": 2 * mV,
    "v_peak": 30 * mV,
    "I_unit": 5 * mV,
    "tau_syn": 100 * ms,
    "v_th": -50 * mV,
    "width": 10 * mV,
}
