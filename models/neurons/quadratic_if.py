"""Quadratic integrate-and-fire neuron (Ermentrout & Kopell 1986; Latham et al. 2000; Gerstner et al. 2014, ch. 5).

    tau_m dv/dt = v^2 - 1 + I;    spike when v > v_peak:  v = v_reset

The membrane potential rests at -1, and escapes above 1 by itself: the normal form of every neuron that begins to fire
with rates as low as one likes (class I).  For I > 1, with J = sqrt(I - 1), spikes come every

    T = tau_m/J (arctan(v_peak/J) - arctan(v_reset/J)),

close to pi tau_m/J.  The upstroke takes tau_m/v_peak: take steps of less than that.

Ranges: tau_m 5..50 ms, v_peak 5..50, v_reset -50..0 (above 1: bursts), tau_syn 5..200 ms.
"""

from brian2 import ms

equations = """
dv/dt = (v**2 - 1 + gain_below*I_syn)/tau_m : 1     # membrane potential
dI_syn/dt = -I_syn/tau_syn : 1                      # synaptic current
"""
threshold = "v > v_peak"
reset = "v = v_reset"
method = "euler"
on_pre = "I_syn_post += w"
surrogate = "1/(1 + abs(v - 1)/width)**2"  # pseudo-derivative, for rules that ask for one
initial = {"v": -1}
parameters = {"tau_m": 20 * ms, "tau_syn": 100 * ms, "v_peak": 10.0, "v_reset": -2.0, "width": 1.0}
limits = """
1*us <= tau_m <= 1000*second
1*us <= tau_syn <= 1000*second
1 < v_peak <= 1e6
-1e6 <= v_reset < v_peak
0 < width <= 1e6
"""
