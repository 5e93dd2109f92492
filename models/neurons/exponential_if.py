"""Exponential integrate-and-fire neuron (Fourcaud-Trocme et al. 2003, J. Neurosci. 23:11628).

    C dv/dt = g_L (E_L - v) + g_L Delta_T exp((v - V_T)/Delta_T) + I

The upstroke of a spike begins at V_T and becomes sharper as Delta_T falls (Delta_T -> 0: leaky integrate-and-fire).
Constant currents above g_L (V_T - E_L - Delta_T) make it fire; the interval is t_ref plus the integral of dv/(dv/dt)
from v_reset to v_cut.  Parameters of the paper's fit to the Wang-Buzsaki model, a conductance-based interneuron; C and
g_L are those of 10^-4 cm^2.

Ranges: Delta_T 0.5..5 mV, V_T -60..-45 mV, C/g_L 5..30 ms, I_unit (the current of a weight of 1) 20..200 pA.  v_cut,
where a spike is noticed, is V_T + 5 Delta_T: the rest of the upstroke takes less than 0.1 ms.
"""

from brian2 import ms, mV, nS, pA, pF

equations = """
dv/dt = (g_L*(E_L - v) + g_L*Delta_T*exp((v - V_T)/Delta_T) + gain_below*I_syn)/C : volt (unless refractory)
dI_syn/dt = -I_syn/tau_syn : amp             # synaptic current
"""
threshold = "v > v_cut"
reset = "v = v_reset"
refractory = "t_ref"
method = "euler"
on_pre = "I_syn_post += w*I_unit"
surrogate = "1/(1 + abs(v - V_T)/width)**2"  # pseudo-derivative, for rules that ask for one
initial = {"v": "E_L"}
parameters = {
    "C": 100 * pF,
    "g_L": 10 * nS,
    "E_L": -65 * mV,
    "V_T": -59.9 * mV,
    "Delta_T": 3.48 * mV,
    "v_cut": -42.5 * mV,
    "v_reset": -68 * mV,
    "t_ref": 1.7 * ms,
    "I_unit": 50 * pA,
    "tau_syn": 100 * ms,
    "width": 5 * mV,
}
limits = """
0.001*pF <= C <= 1*farad
1e-6*nS <= g_L <= 1*siemens
-1*volt <= E_L <= 1*volt
-1*volt <= V_T < v_cut <= 1*volt
0.001*mV <= Delta_T <= 1*volt
-1*volt <= v_reset < v_cut
0*second <= t_ref <= 1000*second
0*amp <= I_unit <= 1*mA
1*us <= tau_syn <= 1000*second
0.001*mV <= width <= 1*volt
"""
