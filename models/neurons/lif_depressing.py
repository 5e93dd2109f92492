"""Leaky integrate-and-fire neuron with short-term depression of its synapses (Tsodyks & Markram 1997, PNAS 94:719).

    presynaptic spike:  I += w R,  R -= U R;    dR/dt = (1 - R)/tau_rec

Every presynaptic neuron, input channels too, has a resource R, 1 at the start of a stimulus epoch, of which a spike
uses the share U.  Regular spikes with interval T find, in the steady state, R = (1 - q)/(1 - (1 - U) q) with q =
exp(-T/tau_rec): fast inputs count as little as slow ones (Abbott et al. 1997), and what has changed counts most.  The
weight is the effect of a first spike.

Ranges: U 0.1..0.9, tau_rec 50..800 ms; tau_m 5..50 ms, tau_syn 5..200 ms.
"""

from brian2 import ms

equations = """
dv/dt = (gain_below*I_syn - v)/tau_m : 1     # membrane potential, in units of the threshold
dI_syn/dt = -I_syn/tau_syn : 1               # synaptic current
"""
threshold = "v > v_th"
reset = "v -= v_th"
presynaptic = "dR/dt = (1 - R)/tau_rec : 1         # resource of a neuron that projects"
presynaptic_on_spike = "R -= U*R"
on_pre = "I_syn_post += w*R_pre"
surrogate = "1/(1 + abs(v - v_th)/width)**2"  # pseudo-derivative, for rules that ask for one
initial = {"R": 1}
parameters = {"tau_m": 20 * ms, "tau_syn": 100 * ms, "tau_rec": 200 * ms, "U": 0.4, "v_th": 1.0, "width": 0.5}
limits = """
1*us <= tau_m <= 1000*second
1*us <= tau_syn <= 1000*second
1*us <= tau_rec <= 1000*second
0 <= U <= 1
0 < v_th <= 1e6
0 < width <= 1e6
"""
