"""Leaky integrate-and-fire neuron with excitatory and inhibitory conductances (Gerstner et al. 2014, ch. 3).

    C dv/dt = g_L (E_L - v) + g_e (E_e - v) + g_i (E_i - v),    dg/dt = -g/tau_syn

A positive weight opens excitatory, a negative one inhibitory channels.  With constant conductances the membrane
relaxes to v_inf = (g_L E_L + g_e E_e + g_i E_i)/g_tot with the time constant C/g_tot, g_tot = g_L + g_e + g_i, and
spikes every C/g_tot*log((v_inf - v_reset)/(v_inf - v_th)) if v_inf > v_th.  C, g_L, threshold and reversal potentials
are those of the benchmark of Brette et al. (2007, J. Comput. Neurosci. 23:349), E_L = v_reset = -65 mV (there -60 mV);
it has a refractory period of 5 ms and faster synapses as well.

Ranges: C 100..300 pF, g_L 5..20 nS (tau_m = C/g_L 10..40 ms), E_i -90..-65 mV, w_e and w_i 1..10 nS.  A weight of 1
means the conductances w_e and w_i; the defaults give currents of equal size, g_L (v_th - E_L), at the threshold.
"""

from brian2 import ms, mV, nS, pF

equations = """
dv/dt = (g_L*(E_L - v) + gain_below*(g_e*(E_e - v) + g_i*(E_i - v)))/C : volt    # membrane potential
dg_e/dt = -g_e/tau_syn : siemens             # excitatory conductance
dg_i/dt = -g_i/tau_syn : siemens             # inhibitory conductance
"""
threshold = "v > v_th"
reset = "v = v_reset"
on_pre = """
g_e_post += clip(w, 0, inf)*w_e
g_i_post += clip(-w, 0, inf)*w_i
"""
surrogate = "1/(1 + abs(v - v_th)/width)**2"  # pseudo-derivative, for rules that ask for one
initial = {"v": "E_L"}
parameters = {
    "C": 200 * pF,
    "g_L": 10 * nS,
    "E_L": -65 * mV,
    "E_e": 0 * mV,
    "E_i": -80 * mV,
    "v_th": -50 * mV,
    "v_reset": -65 * mV,
    "w_e": 3 * nS,
    "w_i": 5 * nS,
    "tau_syn": 100 * ms,
    "width": 7.5 * mV,
}
limits = """
0.001*pF <= C <= 1*farad
1e-6*nS <= g_L <= 1*siemens
-1*volt <= E_L <= 1*volt
-1*volt <= E_i <= E_e <= 1*volt
-1*volt <= v_reset < v_th <= 1*volt
0*siemens <= w_e <= 1*siemens
0*siemens <= w_i <= 1*siemens
1*us <= tau_syn <= 1000*second
0.001*mV <= width <= 1*volt
"""
