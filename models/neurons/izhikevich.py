"""Izhikevich neuron, regular spiking (Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569).

    dv/dt = 0.04 v^2 + 5 v + 140 - u + I,    du/dt = a (b v - u);    spike when v >= 30:  v = c,  u += d

with v and u in mV, I in mV/ms and time in ms, as in the paper.  `v_now` is v at the start of a time step: v^2 =
v_now^2 + 2 v_now (v - v_now) within the step lets exponential Euler take steps of 1 ms, at which the paper's own
method diverges under strong inhibition.

Ranges: a 0.02..0.1/ms, b 0.2..0.26, c -65..-50 mV, d 0.05..8 mV, I_unit (the input of a weight of 1) 3..20 mV.  Fast
spiking: izhikevich_fast_spiking; chattering: izhikevich_chattering.
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
    "c": -65 * mV,
    "d": 8 * mV,
    "v_peak": 30 * mV,
    "I_unit": 10 * mV,
    "tau_syn": 100 * ms,
    "v_th": -50 * mV,
    "width": 10 * mV,
}
limits = """
0*Hz <= a <= 1*MHz
-1000 <= b <= 1000
-1*volt <= c < v_peak <= 1*volt
-1*volt <= d <= 1*volt
0*volt <= I_unit <= 1*volt
1*us <= tau_syn <= 1000*second
-1*volt <= v_th <= v_peak
0.001*mV <= width <= 1*volt
"""
